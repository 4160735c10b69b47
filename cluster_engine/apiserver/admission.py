"""Admission: what the API server adds or refuses beyond the kind's own rules.

Follows plugin/pkg/admission: NamespaceLifecycle, ServiceAccount, DefaultTolerationSeconds, Priority,
DefaultStorageClass, StorageObjectInUseProtection; and what pkg/registry/core/service allocates.
"""

from __future__ import annotations

from typing import Any

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.hash import template_hash
from cluster_engine.apimachinery.meta import Obj, annotations_of, with_meta
from cluster_engine.apiserver.allocators import NODE_PORTS
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.rng import SAFE_ALPHABET

TOKEN_MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path, no secret
DEFAULT_CLASS_ANNOTATION = "storageclass.kubernetes.io/is-default-class"
_MAX_REMEMBERED = 512


def admit_create(server: ServerContext, strategy: Strategy, obj: Obj) -> Obj:
    """The object as it is to be stored; Forbidden or NotFound when it may not be."""
    if strategy.resource.namespaced:
        _namespace_lifecycle(server, strategy, obj)
    kind = strategy.resource.kind
    if kind == "Pod":
        return _pod(server, obj)
    if kind == "Service":
        return allocate(server, obj)
    if kind == "PersistentVolumeClaim":
        return _default_storage_class(server, _with_finalizer(obj, "kubernetes.io/pvc-protection"))
    if kind == "PersistentVolume":
        return _with_finalizer(obj, "kubernetes.io/pv-protection")
    return obj


def admit_update(server: ServerContext, strategy: Strategy, new: Obj, old: Obj) -> Obj:
    """The object as it is to be stored after a change."""
    if strategy.resource.kind == "Service":
        return allocate(server, new, old)
    return new


def _namespace_lifecycle(server: ServerContext, strategy: Strategy, obj: Obj) -> None:
    """Nothing is created in a namespace that is not there or is going away."""
    name = obj["metadata"].get("namespace", "")
    item = server.store.get(f"/registry/namespaces/{name}") if name else None
    if item is None:
        raise errors.not_found("namespaces", "", name)
    if item.value["metadata"].get("deletionTimestamp"):
        resource = strategy.resource
        why = f"unable to create new content in namespace {name} because it is being terminated"
        refusal = errors.forbidden(resource.plural, resource.group, obj["metadata"]["name"], why)
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {name} is being terminated",
            "field": "metadata.namespace",
        }
        refusal.details = {**(refusal.details or {}), "causes": [cause]}
        raise refusal


def _with_finalizer(obj: Obj, name: str) -> Obj:
    present = obj["metadata"].get("finalizers") or []
    return obj if name in present else with_meta(obj, finalizers=[*present, name])


def _default_storage_class(server: ServerContext, claim: Obj) -> Obj:
    """A claim that names no class gets the default one, if there is one."""
    if "storageClassName" in claim["spec"] or "storageclasses.storage.k8s.io" not in server.strategies:
        return claim
    for item in server.store.range("/registry/storageclasses.storage.k8s.io/"):
        if annotations_of(item.value).get(DEFAULT_CLASS_ANNOTATION) == "true":
            return {**claim, "spec": {**claim["spec"], "storageClassName": item.value["metadata"]["name"]}}
    return claim


# Pods. All pods of one template share their spec, so what admission makes of a spec is remembered by the spec's
# identity; the entry keeps the spec alive, so that an identity is never reused while it is in the table.
_admitted: dict[int, tuple[Obj, Obj]] = {}


def _pod(server: ServerContext, pod: Obj) -> Obj:
    spec = pod["spec"]
    account = spec.get("serviceAccountName") or "default"
    _require_service_account(server, pod, account)
    remembered = _admitted.get(id(spec))
    if remembered is not None and remembered[0] is spec:
        return {**pod, "spec": remembered[1]}
    admitted = _pod_spec(spec, account)
    if len(_admitted) >= _MAX_REMEMBERED:
        _admitted.clear()
    _admitted[id(spec)] = (spec, admitted)
    return {**pod, "spec": admitted}


def _require_service_account(server: ServerContext, pod: Obj, account: str) -> None:
    namespace = pod["metadata"]["namespace"]
    if server.store.get(f"/registry/serviceaccounts/{namespace}/{account}") is None:
        why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
        raise errors.forbidden("pods", "", pod["metadata"]["name"], why)


def _pod_spec(spec: Obj, account: str) -> Obj:
    admitted = {**spec, "serviceAccountName": account, "serviceAccount": account}
    if spec.get("automountServiceAccountToken") is not False:
        admitted = _with_token_volume(admitted)
    admitted.setdefault("priority", 0)
    admitted.setdefault("preemptionPolicy", "PreemptLowerPriority")
    admitted["tolerations"] = _default_tolerations(spec.get("tolerations") or [])
    return admitted


def _with_token_volume(spec: Obj) -> Obj:
    """The projected volume with the service account's token, mounted where no container has something else."""
    volumes = spec.get("volumes") or []
    if any(volume["name"].startswith("kube-api-access-") for volume in volumes):
        return spec
    # Five letters out of the spec's content: equal pods may share the name, which is unique within each.
    digest = int(template_hash({"spec": spec}, None).translate(_DIGITS) or "0")
    suffix = ""
    for _ in range(5):
        digest, index = divmod(digest, len(SAFE_ALPHABET))
        suffix += SAFE_ALPHABET[index]
    name = f"kube-api-access-{suffix}"
    mount = {"name": name, "readOnly": True, "mountPath": TOKEN_MOUNT_PATH}
    spec = {**spec, "volumes": [*volumes, {"name": name, "projected": _TOKEN_SOURCES}]}
    for field in ("initContainers", "containers"):
        if spec.get(field):
            spec[field] = [_mounted(container, mount) for container in spec[field]]
    return spec


_DIGITS = {ord(letter): str(index % 10) for index, letter in enumerate(SAFE_ALPHABET)}
_TOKEN_SOURCES: Obj = {
    "defaultMode": 420,
    "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
        {
            "downwardAPI": {
                "items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]
            }
        },
    ],
}


def _mounted(container: Obj, mount: Obj) -> Obj:
    mounts = container.get("volumeMounts") or []
    if any(present["mountPath"] == TOKEN_MOUNT_PATH for present in mounts):
        return container
    return {**container, "volumeMounts": [*mounts, mount]}


_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def _default_tolerations(tolerations: list[Obj]) -> list[Obj]:
    """Five minutes of patience with a node that is not ready or unreachable, unless the pod says otherwise."""
    added = []
    for key in _TAINTS:
        covered = any(
            t.get("key", key) in (key, "") and t.get("effect", "NoExecute") in ("NoExecute", "") for t in tolerations
        )
        if not covered:
            added.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    return [*tolerations, *added]


# Services.


def allocate(server: ServerContext, service: Obj, old: Obj | None = None) -> Obj:
    """A Service with its addresses and node ports; Invalid when it asks for one that it cannot have."""
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return service
    spec = _with_cluster_ip(server, service, spec, (old or {}).get("spec", {}))
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        spec = _with_node_ports(server, service, spec, (old or {}).get("spec", {}))
    return service if spec is service["spec"] else {**service, "spec": spec}


def _with_cluster_ip(server: ServerContext, service: Obj, spec: Obj, old_spec: Obj) -> Obj:
    asked = spec.get("clusterIP") or next(iter(spec.get("clusterIPs") or []), "")
    if not asked and old_spec.get("clusterIP"):
        asked = old_spec["clusterIP"]
    elif not asked:
        asked = server.services.cluster_ip(service)
    elif asked != "None" and asked != old_spec.get("clusterIP"):
        fault = server.services.check_cluster_ip(service, asked)
        if fault is not None:
            raise errors.invalid("Service", "", service["metadata"]["name"], [fault])
    if spec.get("clusterIP") == asked and spec.get("clusterIPs"):
        return spec
    return {**spec, "clusterIP": asked, "clusterIPs": spec.get("clusterIPs") or [asked]}


def _with_node_ports(server: ServerContext, service: Obj, spec: Obj, old_spec: Obj) -> Obj:
    own = {port["nodePort"] for port in old_spec.get("ports") or () if port.get("nodePort")}
    taken = server.services.node_ports() - own
    before = {(p.get("name"), p.get("port")): p.get("nodePort") for p in old_spec.get("ports") or ()}
    ports: list[Any] = []
    for index, port in enumerate(spec.get("ports") or ()):
        wanted = port.get("nodePort") or before.get((port.get("name"), port.get("port")))
        if not wanted:
            wanted = server.services.free_node_port(taken | own)
        elif wanted not in NODE_PORTS:
            detail = (
                f"provided port is not in the valid range. The range of valid ports is {NODE_PORTS[0]}-{NODE_PORTS[-1]}"
            )
            raise _bad_port(service, index, wanted, detail)
        elif wanted in taken:
            raise _bad_port(service, index, wanted, "provided port is already allocated")
        taken.add(wanted)
        ports.append(port if port.get("nodePort") == wanted else {**port, "nodePort": wanted})
    return {**spec, "ports": ports}


def _bad_port(service: Obj, index: int, port: int, detail: str) -> errors.ApiError:
    fault = errors.invalid_value(f"spec.ports[{index}].nodePort", port, detail)
    return errors.invalid("Service", "", service["metadata"]["name"], [fault])
