"""What the API server says about Services, ConfigMaps, Secrets, volumes, nodes and the like that cannot be."""

# ruff: noqa: E501 - one whole message or row a line
from __future__ import annotations

from typing import Any

import pytest

KEY = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
MODES = '"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'
PROTOCOLS = '"SCTP", "TCP", "UDP"'

CASES: list[tuple[str, str, dict[str, Any], list[str]]] = [
    # Services.
    ("a Service", "Service", {}, []),
    ("no ports", "Service", {"spec": {"selector": {"a": "b"}}}, ["spec.ports: Required value"]),
    ("headless without ports", "Service", {"spec": {"clusterIP": "None"}}, []),
    (
        "two ports without names",
        "Service",
        {"spec/ports": [{"port": 80}, {"port": 81}]},
        ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
    ),
    (
        "one name twice",
        "Service",
        {"spec/ports": [{"name": "a", "port": 80}, {"name": "a", "port": 81}]},
        ['spec.ports[1].name: Duplicate value: "a"'],
    ),
    (
        "type",
        "Service",
        {"spec/type": "Internal"},
        [
            'spec.type: Unsupported value: "Internal": '
            'supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'
        ],
    ),
    (
        "port out of range",
        "Service",
        {"spec/ports": [{"port": 0, "targetPort": 80}]},
        ["spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"],
    ),
    (
        "protocol",
        "Service",
        {"spec/ports": [{"port": 80, "protocol": "HTTP"}]},
        [f'spec.ports[0].protocol: Unsupported value: "HTTP": supported values: {PROTOCOLS}'],
    ),
    (
        "node port of a ClusterIP",
        "Service",
        {"spec/ports": [{"port": 80, "nodePort": 30000}]},
        ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ),
    ("external name missing", "Service", {"spec": {"type": "ExternalName"}}, ["spec.externalName: Required value"]),
    (
        "session affinity",
        "Service",
        {"spec/sessionAffinity": "Cookie"},
        ['spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"'],
    ),
    (
        "traffic policy of an internal Service",
        "Service",
        {"spec/externalTrafficPolicy": "Local"},
        ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
    ),
    (
        "cluster IP",
        "Service",
        {"spec/clusterIP": "10.96"},
        [
            'spec.clusterIPs[0]: Invalid value: "10.96": '
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        ],
    ),
    (
        "name that starts with a digit",
        "Service",
        {"metadata/name": "1a"},
        [
            'metadata.name: Invalid value: "1a": a DNS-1035 label must consist of lower case alphanumeric characters or '
            "'-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
            "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
        ],
    ),
    # ConfigMaps and Secrets.
    ("bad key", "ConfigMap", {"data": {"a b": "5"}}, [f'data[a b]: Invalid value: "a b": {KEY}']),
    ("key of the parent", "ConfigMap", {"data": {"..": "5"}}, ["data[..]: Invalid value: \"..\": must not be '..'"]),
    (
        "key in both maps",
        "ConfigMap",
        {"data": {"a": "1"}, "binaryData": {"a": "MQ=="}},
        ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
    ),
    (
        "a ConfigMap of more than a mebibyte",
        "ConfigMap",
        {"data": {"a": "x" * 1048577}},
        ["[]: Too long: may not be more than 1048576 bytes"],
    ),
    ("a secret of more than a mebibyte", "Secret", {"stringData": {"a": "x" * 1048577}},
     ["data: Too long: may not be more than 1048576 bytes"]),
    (
        "TLS without a key",
        "Secret",
        {"type": "kubernetes.io/tls", "stringData": {"tls.crt": "x"}},
        ["data[tls.key]: Required value"],
    ),
    (
        "basic auth without anything",
        "Secret",
        {"type": "kubernetes.io/basic-auth"},
        ["data[username]: Required value", "data[password]: Required value"],
    ),
    # Volumes.
    (
        "access mode",
        "PersistentVolumeClaim",
        {"spec/accessModes": ["Often"]},
        [f'spec.accessModes: Unsupported value: "Often": supported values: {MODES}'],
    ),
    (
        "no access mode",
        "PersistentVolumeClaim",
        {"spec/accessModes": []},
        ["spec.accessModes: Required value: at least 1 access mode is required"],
    ),
    ("no size", "PersistentVolumeClaim", {"spec/resources": {}}, ["spec.resources[storage]: Required value"]),
    (
        "nothing asked for",
        "PersistentVolumeClaim",
        {"spec/resources": {"requests": {"storage": "0"}}},
        ['spec.resources[storage]: Invalid value: "0": must be greater than zero'],
    ),
    (
        "volume mode",
        "PersistentVolumeClaim",
        {"spec/volumeMode": "Tape"},
        ['spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"'],
    ),
    (
        "single pod mode with another",
        "PersistentVolumeClaim",
        {"spec/accessModes": ["ReadWriteOncePod", "ReadWriteOnce"]},
        ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"],
    ),
    ("volume without a source", "PersistentVolume", {"spec/hostPath": ...}, ["spec: Required value: must specify a volume type"]),
    (
        "local volume without a place",
        "PersistentVolume",
        {"spec/hostPath": ..., "spec/local": {"path": "/data"}},
        ["spec.nodeAffinity: Required value: Local volume requires node affinity"],
    ),
    (
        "reclaim policy",
        "PersistentVolume",
        {"spec/persistentVolumeReclaimPolicy": "Burn"},
        [
            'spec.persistentVolumeReclaimPolicy: Unsupported value: "Burn": '
            'supported values: "Delete", "Recycle", "Retain"'
        ],
    ),
    # Namespaces, nodes, the rest.
    ("namespace with dots", "Namespace", {"metadata/name": "a.b"}, ['metadata.name: Invalid value: "a.b": must not contain dots']),
    (
        "taint effect",
        "Node",
        {"spec/taints": [{"key": "a", "effect": "Never"}]},
        [
            'metadata.taints[0].effect: Unsupported value: "Never": '
            'supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'
        ],
    ),
    (
        "taint twice",
        "Node",
        {"spec/taints": [{"key": "a", "effect": "NoSchedule"}] * 2},
        [
            'metadata.taints[1]: Duplicate value: core.Taint{Key:"a", Value:"", Effect:"NoSchedule", TimeAdded:<nil>}: '
            "taints must be unique by key and effect pair"
        ],
    ),
    (
        "subset without addresses",
        "Endpoints",
        {"subsets": [{"ports": [{"port": 80}]}]},
        ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"],
    ),
    (
        "loopback endpoint",
        "Endpoints",
        {"subsets": [{"addresses": [{"ip": "127.0.0.1"}], "ports": [{"port": 80}]}]},
        [
            'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": '
            "may not be in the loopback range (127.0.0.0/8, ::1/128)"
        ],
    ),
    (
        "event elsewhere",
        "Event",
        {"involvedObject": {"namespace": "other"}},
        ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
    ),
    (
        "lease of no time",
        "Lease",
        {"spec/leaseDurationSeconds": 0},
        ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"],
    ),
    (
        "address type",
        "EndpointSlice",
        {"addressType": "IP"},
        ['addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"'],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "changes", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_an_object_is_refused_with_kubernetes_words(
    build: Any, faults: Any, kind: str, changes: dict[str, Any], expected: list[str]
) -> None:
    assert faults(build(kind, changes)) == expected


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_what_is_immutable_keeps_its_data(build: Any, update_faults: Any, kind: str) -> None:
    sealed = build(kind, {"immutable": True, "data": {"a": "MQ=="}})
    assert update_faults(sealed, {"data/a": "Mg=="}) == ["data: Forbidden: field is immutable when `immutable` is set"]
    assert update_faults(sealed, {"immutable": False}) == [
        "immutable: Forbidden: field is immutable when `immutable` is set"
    ]


def test_the_type_of_a_secret_stays(build: Any, update_faults: Any) -> None:
    assert update_faults(build("Secret"), {"type": "mine"}) == ['type: Invalid value: "mine": field is immutable']


def test_a_service_keeps_its_address(build: Any, update_faults: Any) -> None:
    service = build("Service", {"spec/clusterIP": "10.96.0.5"})
    assert update_faults(service, {"spec/clusterIP": "10.96.9.9"}) == [
        'spec.clusterIPs[0]: Invalid value: []string{"10.96.9.9"}: may not change once set'
    ]


def test_an_update_that_leaves_out_the_address_keeps_it(build: Any, update_faults: Any) -> None:
    service = build("Service", {"spec/clusterIP": "10.96.0.5"})
    assert update_faults(service, {"spec/clusterIP": ..., "spec/clusterIPs": ...}) == []


def test_a_bound_claim_may_grow_but_not_shrink(build: Any, created: Any) -> None:
    from cluster_engine.api.registry import strategies

    claims = strategies()["persistentvolumeclaims"]
    old = {**created(build("PersistentVolumeClaim")), "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}

    def asking(size: str) -> list[str]:
        spec = {**old["spec"], "resources": {"requests": {"storage": size}}}
        return [str(fault) for fault in claims.validate_update({**old, "spec": spec}, old)]

    assert asking("2Gi") == []
    assert asking("512Mi") == ["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"]


def test_a_node_keeps_its_pod_range(build: Any, update_faults: Any) -> None:
    node = build("Node", {"spec/podCIDR": "10.244.0.0/24"})
    assert update_faults(node, {"spec/podCIDRs": ["10.244.1.0/24"]}) == [
        'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'
    ]


def test_a_revision_never_changes(build: Any, update_faults: Any) -> None:
    assert update_faults(build("ControllerRevision"), {"data": {"spec": {"a": 1}}}) == [
        "data: Invalid value: runtime.RawExtension{...}: field is immutable"
    ]
