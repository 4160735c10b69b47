"""What every pod is given: ServiceAccount (account and token), Priority, DefaultTolerationSeconds."""

from __future__ import annotations

from cluster_engine.apimachinery.hash import template_hash
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.admission import priority, refusal
from cluster_engine.apiserver.admission.priority import Priority
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.rng import SAFE_ALPHABET

TOKEN_MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path, no secret
_MAX_REMEMBERED = 512

# Pods. All pods of one template share their spec, so what admission makes of a spec is remembered by the spec's
# identity; the entry keeps the spec alive, so that an identity is never reused while it is in the table.
_admitted: dict[int, tuple[Obj, Priority, Obj]] = {}


def admit(server: ServerContext, pod: Obj) -> Obj:
    """The pod with its service account, its token, its priority and its tolerations; Forbidden where it cannot be."""
    spec = pod["spec"]
    account = spec.get("serviceAccountName") or "default"
    found = _service_account(server, pod, account)
    if found.get("imagePullSecrets") and not spec.get("imagePullSecrets"):
        spec = _with_pull_secrets(spec, found["imagePullSecrets"])
    own = priority.of(server, pod)
    remembered = _admitted.get(id(spec))
    if remembered is not None and remembered[0] is spec and remembered[1] == own:
        return {**pod, "spec": remembered[2]}
    admitted = _pod_spec(spec, account, own)
    if len(_admitted) >= _MAX_REMEMBERED:
        _admitted.clear()
    _admitted[id(spec)] = (spec, own, admitted)
    return {**pod, "spec": admitted}


def _service_account(server: ServerContext, pod: Obj, account: str) -> Obj:
    namespace = pod["metadata"]["namespace"]
    found = server.store.get(f"/registry/serviceaccounts/{namespace}/{account}")
    if found is None:
        why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
        raise refusal.forbidden(server.strategy("pods"), pod, why, named=False)
    return found.value


def _with_pull_secrets(spec: Obj, secrets: list[Obj]) -> Obj:
    """A pod without pull secrets gets those of its account. Follows plugin/pkg/admission/serviceaccount."""
    return {**spec, "imagePullSecrets": secrets}


def _pod_spec(spec: Obj, account: str, own: Priority) -> Obj:
    admitted = {**spec, "serviceAccountName": account, "serviceAccount": account}
    if spec.get("automountServiceAccountToken") is not False:
        admitted = _with_token_volume(admitted)
    if own.class_name:
        admitted["priorityClassName"] = own.class_name
    admitted["priority"] = own.value
    admitted["preemptionPolicy"] = own.policy
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
