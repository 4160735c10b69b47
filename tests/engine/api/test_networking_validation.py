"""Ways in, storage and roles: every refusal in Kubernetes' words."""

# ruff: noqa: E501 - one whole message or row a line
from __future__ import annotations

from typing import Any

import pytest

# (kind, what is changed in its smallest manifest, what is wrong then)
# fmt: off
WRONG: list[tuple[str, dict[str, Any], list[str]]] = [
    ("Ingress", {"spec/rules": ...}, ["spec: Invalid value: []networking.IngressRule(nil): either `defaultBackend` or `rules` must be specified"]),
    ("Ingress", {"spec/rules/0/host": "A_b"}, ["spec.rules[0].host: Invalid value: \"A_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"]),
    ("Ingress", {"spec/rules/0/host": "*.*.com"}, ["spec.rules[0].host: Invalid value: \"*.*.com\": a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"]),
    ("Ingress", {"spec/rules/0/host": "10.0.0.1"}, ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address']),
    ("Ingress", {"spec/rules/0/http/paths/0/pathType": ...}, ["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"]),
    ("Ingress", {"spec/rules/0/http/paths/0/pathType": "Glob"}, ['spec.rules[0].http.paths[0].pathType: Unsupported value: "Glob": supported values: "Exact", "ImplementationSpecific", "Prefix"']),
    ("Ingress", {"spec/rules/0/http/paths/0/path": "web"}, ['spec.rules[0].http.paths[0].path: Invalid value: "web": must be an absolute path']),
    ("Ingress", {"spec/rules/0/http/paths/0/path": "/a//b"}, ["spec.rules[0].http.paths[0].path: Invalid value: \"/a//b\": must not contain '//'"]),
    ("Ingress", {"spec/rules/0/http/paths/0/backend": {}}, ['spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required']),
    ("Ingress", {"spec/rules/0/http/paths/0/backend": {"service": {"name": "web"}}}, ["spec.rules[0].http.paths[0].backend: Required value: port name or number is required"]),
    ("Ingress", {"spec/rules/0/http/paths/0/backend": {"service": {"name": "web", "port": {"number": 80, "name": "http"}}}}, ['spec.rules[0].http.paths[0].backend: Invalid value: "": cannot set both port name & port number']),
    ("Ingress", {"spec/tls": [{"hosts": ["x"], "secretName": "A"}]}, ["spec.tls[0].secretName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"]),
    ("IngressClass", {"spec/controller": "nginx"}, ['spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")']),
    ("IngressClass", {"spec/parameters": {"kind": "", "name": ""}}, ["spec.parameters.kind: Required value: kind is required", "spec.parameters.name: Required value: name is required"]),
    ("NetworkPolicy", {"spec/policyTypes": ["Sideways"]}, ['spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Ingress", "Egress"']),
    ("NetworkPolicy", {"spec/ingress/0/ports": [{"port": "http!", "protocol": "ICMP"}]}, ['spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"', 'spec.ingress[0].ports[0].port: Invalid value: "http!": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
    ("NetworkPolicy", {"spec/ingress/0/ports": [{"port": 80, "endPort": 70}]}, ["spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`"]),
    ("NetworkPolicy", {"spec/ingress/0/from": [{}]}, ["spec.ingress[0].from[0]: Required value: must specify a peer"]),
    ("NetworkPolicy", {"spec/ingress/0/from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}}]}, ['spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/8": must be a strict subset of `cidr`']),
    ("NetworkPolicy", {"spec/ingress/0/from": [{"podSelector": {}, "ipBlock": {"cidr": "x"}}]}, ['spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)', "spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"]),
    ("StorageClass", {"provisioner": ...}, ["provisioner: Required value"]),
    ("StorageClass", {"reclaimPolicy": "Burn"}, ['reclaimPolicy: Unsupported value: "Burn": supported values: "Delete", "Retain"']),
    ("StorageClass", {"volumeBindingMode": "Later"}, ['volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"']),
    ("StorageClass", {"parameters": {"": "x"}}, ['parameters: Invalid value: "": field can not be empty.']),
    ("Role", {"rules/0/verbs": []}, ["rules[0].verbs: Required value: verbs must contain at least one value"]),
    ("Role", {"rules/0": {"verbs": ["get"], "nonResourceURLs": ["/healthz"]}}, ['rules[0].nonResourceURLs: Invalid value: []string{"/healthz"}: namespaced rules cannot apply to non-resource URLs']),
    ("Role", {"rules/0/apiGroups": []}, ["rules[0].apiGroups: Required value: resource rules must supply at least one api group"]),
    ("Role", {"rules/0/resources": []}, ["rules[0].resources: Required value: resource rules must supply at least one resource"]),
    ("ClusterRole", {"rules/0": {"verbs": ["get"], "nonResourceURLs": ["/healthz"], "resources": ["pods"]}}, ['rules[0].nonResourceURLs: Invalid value: []string{"/healthz"}: rules cannot apply to both regular resources and non-resource URLs']),
    ("RoleBinding", {"roleRef/kind": "Group"}, ['roleRef.kind: Unsupported value: "Group": supported values: "Role", "ClusterRole"']),
    ("RoleBinding", {"roleRef/name": ""}, ["roleRef.name: Required value"]),
    ("RoleBinding", {"roleRef/apiGroup": "apps"}, ['roleRef.apiGroup: Unsupported value: "apps": supported values: "rbac.authorization.k8s.io"']),
    ("RoleBinding", {"subjects": [{"kind": "Robot", "name": "x"}]}, ['subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"']),
    ("ClusterRoleBinding", {"roleRef/kind": "Role"}, ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"']),
    ("ClusterRoleBinding", {"subjects": [{"kind": "ServiceAccount", "name": "s"}]}, ["subjects[0].namespace: Required value"]),
    ("NetworkPolicy", {"spec/ingress/0/ports": [{"endPort": 70}]}, ["spec.ingress[0].ports[0].endPort: Invalid value: 70: may not be specified when `port` is not specified"]),
    ("Ingress", {"spec/defaultBackend": {"service": {"name": "Web", "port": {"number": 0}}}}, ["spec.defaultBackend.service.name: Invalid value: \"Web\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')", "spec.defaultBackend: Required value: port name or number is required"]),
]
RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("RoleBinding", {"subjects/0/namespace": ...}),
    ("Ingress", {}),
    ("IngressClass", {}),
    ("NetworkPolicy", {}),
    ("StorageClass", {}),
    ("Role", {}),
    ("ClusterRole", {}),
    ("RoleBinding", {}),
    ("ClusterRoleBinding", {}),
]
CHANGED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("IngressClass", {"spec/controller": "example.com/other"}, ['spec.controller: Invalid value: "example.com/other": field is immutable']),
    ("StorageClass", {"provisioner": "example.com/other"}, ["provisioner: Forbidden: updates to provisioner are forbidden."]),
    ("StorageClass", {"parameters": {"a": "b"}}, ["parameters: Forbidden: updates to parameters are forbidden."]),
    ("StorageClass", {"reclaimPolicy": "Retain"}, ["reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden."]),
    ("StorageClass", {"volumeBindingMode": "WaitForFirstConsumer"}, ['volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable']),
    ("RoleBinding", {"roleRef/name": "other"}, ['roleRef: Invalid value: rbac.RoleRef{APIGroup:"rbac.authorization.k8s.io", Kind:"Role", Name:"other"}: cannot change roleRef']),
    ("ClusterRoleBinding", {"roleRef/name": "other"}, ['roleRef: Invalid value: rbac.RoleRef{APIGroup:"rbac.authorization.k8s.io", Kind:"ClusterRole", Name:"other"}: cannot change roleRef']),
]
# fmt: on


@pytest.mark.parametrize(("kind", "changes", "words"), WRONG)
def test_what_is_wrong_is_told_in_kubernetes_words(
    build: Any, faults: Any, kind: str, changes: dict[str, Any], words: list[str]
) -> None:
    assert faults(build(kind, changes)) == words


@pytest.mark.parametrize(("kind", "changes"), RIGHT)
def test_what_is_right_is_taken(build: Any, faults: Any, kind: str, changes: dict[str, Any]) -> None:
    assert faults(build(kind, changes)) == []


@pytest.mark.parametrize(("kind", "changes", "words"), CHANGED)
def test_what_may_not_change_stays(
    build: Any, update_faults: Any, kind: str, changes: dict[str, Any], words: list[str]
) -> None:
    assert update_faults(build(kind), changes) == words
