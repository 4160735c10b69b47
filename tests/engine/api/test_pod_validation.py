"""What the API server says about pods that cannot be."""

# ruff: noqa: E501 - one whole message or row a line
from __future__ import annotations

from typing import Any

import pytest

C = "spec/containers/0"
P = "spec.containers[0]"
EMPTY_DIR = [{"name": "v", "emptyDir": {}}]
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
    "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
QUALIFIED = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
AFFINITY = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"

CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("nothing wrong", {}, []),
    # Metadata.
    ("upper case name", {"metadata/name": "Pod_1"}, [f'metadata.name: Invalid value: "Pod_1": {SUBDOMAIN}']),
    ("no name", {"metadata/name": ...}, ["metadata.name: Required value: name or generateName is required"]),
    ("bad label key", {"metadata/labels": {"a b": "c"}}, [f'metadata.labels: Invalid value: "a b": name part {QUALIFIED}']),
    (
        "long label value",
        {"metadata/labels": {"a": "x" * 64}},
        [f'metadata.labels: Invalid value: "{"x" * 64}": must be no more than 63 characters'],
    ),
    (
        "annotations too large",
        {"metadata/annotations": {"a": "x" * 262144}},
        ["metadata.annotations: Too long: may not be more than 262144 bytes"],
    ),
    (
        "finalizer without a domain",
        {"metadata/finalizers": ["mine"]},
        [
            'metadata.finalizers[0]: Invalid value: "mine": '
            "name is neither a standard finalizer name nor is it fully qualified"
        ],
    ),
    (
        "owner without a uid",
        {"metadata/ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "a"}]},
        ['metadata.ownerReferences.uid: Invalid value: "": uid must not be empty'],
    ),
    # Containers.
    ("no containers", {"spec/containers": []}, ["spec.containers: Required value"]),
    ("no container name", {f"{C}/name": ""}, [f"{P}.name: Required value"]),
    ("container name with dots", {f"{C}/name": "a.b"}, [f'{P}.name: Invalid value: "a.b": must not contain dots']),
    ("container name in capitals", {f"{C}/name": "A"}, [f'{P}.name: Invalid value: "A": {LABEL}']),
    ("no image", {f"{C}/image": ""}, [f"{P}.image: Required value"]),
    (
        "image with a space",
        {f"{C}/image": " nginx"},
        [f'{P}.image: Invalid value: " nginx": must not have leading or trailing whitespace'],
    ),
    (
        "two of one name",
        {"spec/containers/1": {"name": "c", "image": "b"}},
        ['spec.containers[1].name: Duplicate value: "c"'],
    ),
    (
        "pull policy",
        {f"{C}/imagePullPolicy": "Sometimes"},
        [f'{P}.imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"'],
    ),
    (
        "message policy",
        {f"{C}/terminationMessagePolicy": "Log"},
        [
            f'{P}.terminationMessagePolicy: Unsupported value: "Log": '
            'supported values: "File", "FallbackToLogsOnError"'
        ],
    ),
    (
        "restart policy of a container",
        {f"{C}/restartPolicy": "Always"},
        [f"{P}.restartPolicy: Forbidden: may not be set for non-init containers"],
    ),
    # Ports.
    (
        "port names and numbers",
        {f"{C}/ports": [{"name": "http_server_port", "containerPort": 70000}]},
        [
            f'{P}.ports[0].name: Invalid value: "http_server_port": must be no more than 15 characters',
            f'{P}.ports[0].name: Invalid value: "http_server_port": '
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
            f"{P}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ],
    ),
    ("no port number", {f"{C}/ports": [{"name": "http"}]}, [f"{P}.ports[0].containerPort: Required value"]),
    (
        "host port twice",
        {f"{C}/ports": [{"containerPort": 80, "hostPort": 80}, {"containerPort": 81, "hostPort": 80}]},
        [f'{P}.ports[1].hostPort: Duplicate value: "TCP//80"'],
    ),
    # Environment.
    ("no variable name", {f"{C}/env": [{"value": "x"}]}, [f"{P}.env[0].name: Required value"]),
    (
        "variable name with =",
        {f"{C}/env": [{"name": "A=B"}]},
        [
            f'{P}.env[0].name: Invalid value: "A=B": '
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
        ],
    ),
    (
        "no source",
        {f"{C}/env": [{"name": "A", "valueFrom": {}}]},
        [
            f'{P}.env[0].valueFrom: Invalid value: "": '
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        ],
    ),
    (
        "value and source",
        {f"{C}/env": [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
        [f'{P}.env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
    ),
    (
        "unknown field path",
        {f"{C}/env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nope"}}}]},
        [
            f'{P}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.nope": '
            "error converting fieldPath: field label not supported: spec.nope"
        ],
    ),
    (
        "envFrom without a source",
        {f"{C}/envFrom": [{"prefix": "A_"}]},
        [f'{P}.envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
    ),
    # Resources.
    (
        "request above limit",
        {f"{C}/resources": {"limits": {"memory": "64Mi"}, "requests": {"memory": "128Mi"}}},
        [f'{P}.resources.requests: Invalid value: "128Mi": must be less than or equal to memory limit of 64Mi'],
    ),
    (
        "negative request",
        {f"{C}/resources": {"requests": {"cpu": "-1"}}},
        [f'{P}.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ),
    (
        "unknown resource",
        {f"{C}/resources": {"requests": {"ram": "1"}}},
        [
            f"{P}.resources.requests[ram]: Invalid value: ram: must be a standard resource type or fully qualified",
            f"{P}.resources.requests[ram]: Invalid value: ram: must be a standard resource for containers",
        ],
    ),
    (
        "extended resource without a limit",
        {f"{C}/resources": {"requests": {"example.com/gpu": "1"}}},
        [f"{P}.resources.limits: Required value: Limit must be set for non overcommitable resources"],
    ),
    # Probes and hooks.
    ("no handler", {f"{C}/livenessProbe": {}}, [f"{P}.livenessProbe: Required value: must specify a handler type"]),
    (
        "two handlers",
        {f"{C}/livenessProbe": {"exec": {"command": ["a"]}, "tcpSocket": {"port": 80}}},
        [f"{P}.livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"],
    ),
    (
        "liveness success threshold",
        {f"{C}/livenessProbe": {"tcpSocket": {"port": 80}, "successThreshold": 2}},
        [f"{P}.livenessProbe.successThreshold: Invalid value: 2: must be 1"],
    ),
    (
        "negative period",
        {f"{C}/readinessProbe": {"httpGet": {"port": "web"}, "periodSeconds": -1}},
        [f"{P}.readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0"],
    ),
    (
        "probe port",
        {f"{C}/readinessProbe": {"httpGet": {"port": 0}}},
        [f"{P}.readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive"],
    ),
    (
        "sleep longer than the grace",
        {f"{C}/lifecycle": {"preStop": {"sleep": {"seconds": 31}}}},
        [
            f"{P}.lifecycle.preStop.sleep: Invalid value: 31: "
            "must be greater than 0 and less than terminationGracePeriodSeconds (30)"
        ],
    ),
    # Volumes and mounts.
    (
        "mount without a volume",
        {f"{C}/volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        [f'{P}.volumeMounts[0].name: Not found: "data"'],
    ),
    (
        "mount path twice",
        {"spec/volumes": EMPTY_DIR, f"{C}/volumeMounts": [{"name": "v", "mountPath": "/a"}] * 2},
        [f'{P}.volumeMounts[1].mountPath: Invalid value: "/a": must be unique'],
    ),
    (
        "two sources",
        {"spec/volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]},
        ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
    ),
    ("volume twice", {"spec/volumes": EMPTY_DIR * 2}, ['spec.volumes[1].name: Duplicate value: "v"']),
    (
        "secret without a name",
        {"spec/volumes": [{"name": "v", "secret": {}}]},
        ["spec.volumes[0].secret.secretName: Required value"],
    ),
    (
        "mode of files",
        {"spec/volumes": [{"name": "v", "configMap": {"name": "c", "defaultMode": 1000}}]},
        [
            "spec.volumes[0].configMap.defaultMode: Invalid value: 1000: "
            "must be a number between 0 and 0777 (octal), both inclusive"
        ],
    ),
    (
        "host path type",
        {"spec/volumes": [{"name": "v", "hostPath": {"path": "/a", "type": "Dir"}}]},
        [
            'spec.volumes[0].hostPath.type: Unsupported value: "Dir": supported values: "", "BlockDevice", "CharDevice", '
            '"Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"'
        ],
    ),
    # Init containers.
    (
        "init container with a probe",
        {"spec/initContainers": [{"name": "i", "image": "a", "livenessProbe": {"tcpSocket": {"port": 80}}}]},
        [
            "spec.initContainers[0].livenessProbe: Forbidden: "
            "may not be set for init containers without restartPolicy=Always"
        ],
    ),
    (
        "init container with a container's name",
        {"spec/initContainers": [{"name": "c", "image": "a"}]},
        ['spec.initContainers[0].name: Duplicate value: "c"'],
    ),
    (
        "sidecar that restarts on failure",
        {"spec/initContainers": [{"name": "i", "image": "a", "restartPolicy": "OnFailure"}]},
        ['spec.initContainers[0].restartPolicy: Unsupported value: "OnFailure": supported values: "Always"'],
    ),
    # The pod itself.
    (
        "restart policy",
        {"spec/restartPolicy": "Maybe"},
        ['spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"'],
    ),
    (
        "dns policy",
        {"spec/dnsPolicy": "Host"},
        [
            'spec.dnsPolicy: Unsupported value: "Host": supported values: '
            '"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"'
        ],
    ),
    (
        "dns policy None alone",
        {"spec/dnsPolicy": "None"},
        ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
    ),
    ("host name", {"spec/hostname": "A"}, [f'spec.hostname: Invalid value: "A": {LABEL}']),
    (
        "deadline",
        {"spec/activeDeadlineSeconds": 0},
        ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
    ),
    (
        "host network with another host port",
        {"spec/hostNetwork": True, f"{C}/ports": [{"containerPort": 80, "hostPort": 81}]},
        [f"{P}.ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true"],
    ),
    (
        "root by number",
        {"spec/securityContext": {"runAsUser": -1}},
        ["spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"],
    ),
    # Scheduling.
    (
        "node selector",
        {"spec/nodeSelector": {"disk": "a b"}},
        [
            'spec.nodeSelector: Invalid value: "a b": a valid label must be an empty string or consist of alphanumeric '
            "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
            "'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
        ],
    ),
    (
        "affinity operator",
        {"spec/affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Equals", "values": ["b"]}]}]}}}},
        [
            f"{AFFINITY}.nodeSelectorTerms[0].matchExpressions[0].operator: "
            'Invalid value: "Equals": not a valid selector operator'
        ],
    ),
    (
        "affinity without terms",
        {"spec/affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}},
        [f"{AFFINITY}.nodeSelectorTerms: Required value: must have at least one node selector term"],
    ),
    (
        "anti-affinity without a topology",
        {"spec/affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}},
        [
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: "
            "Required value: can not be empty",
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: "
            'Invalid value: "": name part must be non-empty',
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: "
            f'Invalid value: "": name part {QUALIFIED}',
        ],
    ),
    (
        "toleration with a value",
        {"spec/tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]},
        [
            'spec.tolerations[0].operator: Invalid value: core.Toleration{Key:"a", Operator:"Exists", Value:"b", '
            "Effect:\"\", TolerationSeconds:(*int64)(nil)}: value must be empty when `operator` is 'Exists'"
        ],
    ),
    (
        "toleration seconds without effect",
        {"spec/tolerations": [{"key": "a", "operator": "Exists", "tolerationSeconds": 5}]},
        [
            "spec.tolerations[0].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set"
        ],
    ),
    (
        "toleration effect",
        {"spec/tolerations": [{"key": "a", "effect": "Never"}]},
        [
            'spec.tolerations[0].effect: Unsupported value: "Never": '
            'supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'
        ],
    ),
    (
        "spread",
        {"spec/topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "", "whenUnsatisfiable": "Hope"}]},
        [
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
            "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty",
            'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Hope": '
            'supported values: "DoNotSchedule", "ScheduleAnyway"',
        ],
    ),
    (
        "gates and a node",
        {"spec/schedulingGates": [{"name": "a"}], "spec/nodeName": "n"},
        ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_pod_is_refused_with_kubernetes_words(
    build: Any, faults: Any, changes: dict[str, Any], expected: list[str]
) -> None:
    assert faults(build("Pod", changes)) == expected


def test_faults_come_in_the_order_in_which_kubernetes_looks(build: Any, faults: Any) -> None:
    pod = build(
        "Pod", {"spec/restartPolicy": "Maybe", f"{C}/image": "", "spec/volumes": [{"name": "", "emptyDir": {}}]}
    )
    assert [line.partition(":")[0] for line in faults(pod)] == [
        "spec.volumes[0].name",
        f"{P}.image",
        "spec.restartPolicy",
    ]


def test_a_container_that_was_valid_is_refused_where_its_volume_is_missing(build: Any, faults: Any) -> None:
    mount = {f"{C}/volumeMounts": [{"name": "v", "mountPath": "/a"}]}
    assert faults(build("Pod", {"spec/volumes": EMPTY_DIR, **mount})) == []
    assert faults(build("Pod", mount)) == [f'{P}.volumeMounts[0].name: Not found: "v"']


UPDATABLE = (
    "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
    "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def test_the_image_of_a_pod_may_change(build: Any, update_faults: Any) -> None:
    assert update_faults(build("Pod"), {f"{C}/image": "nginx:1.26"}) == []


def test_other_fields_of_a_pod_may_not_change(build: Any, update_faults: Any) -> None:
    (line,) = update_faults(build("Pod"), {"spec/nodeName": "elsewhere"})
    head, _, diff = line.partition("\n")
    assert head == UPDATABLE
    assert '+ \tNodeName: "elsewhere",' in diff.splitlines()


def test_a_pod_keeps_its_containers(build: Any, update_faults: Any) -> None:
    more = {"spec/containers/1": {"name": "d", "image": "a"}}
    assert update_faults(build("Pod"), more) == [
        "spec.containers: Forbidden: pod updates may not add or remove containers"
    ]


def test_tolerations_may_be_added_but_not_taken_away(build: Any, update_faults: Any) -> None:
    tolerant = build("Pod", {"spec/tolerations": [{"key": "a", "operator": "Exists"}]})
    added = [{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}]
    assert update_faults(tolerant, {"spec/tolerations": added}) == []
    assert update_faults(tolerant, {"spec/tolerations": []}) == [
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
    ]


def test_a_deadline_may_only_come_nearer(build: Any, update_faults: Any) -> None:
    pod = build("Pod", {"spec/activeDeadlineSeconds": 10})
    assert update_faults(pod, {"spec/activeDeadlineSeconds": 5}) == []
    assert update_faults(pod, {"spec/activeDeadlineSeconds": 11}) == [
        "spec.activeDeadlineSeconds: Invalid value: 11: must be less than or equal to previous value"
    ]
