"""Classes and protection of volumes: DefaultStorageClass, StorageObjectInUseProtection, PersistentVolumeClaimResize.

DefaultIngressClass is here, too: it chooses a class in the same way.
"""

from __future__ import annotations

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj, annotations_of, with_meta
from cluster_engine.apiserver.admission import refusal
from cluster_engine.apiserver.context import ServerContext

CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"
_CLASSES = "/registry/storageclasses.storage.k8s.io/"
_INGRESS_CLASSES = "/registry/ingressclasses.networking.k8s.io/"
_DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_DEFAULT_INGRESS_CLASS = ("ingressclass.kubernetes.io/is-default-class",)
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_INGRESS_CLASS_ANNOTATION = "kubernetes.io/ingress.class"


def with_finalizer(obj: Obj, name: str) -> Obj:
    """The object with a finalizer that keeps it while it is in use."""
    present = obj["metadata"].get("finalizers") or []
    return obj if name in present else with_meta(obj, finalizers=[*present, name])


def with_class(server: ServerContext, claim: Obj) -> Obj:
    """A claim that names no class gets the default one, if there is one."""
    if claim["spec"].get("storageClassName") is not None or _CLASS_ANNOTATION in annotations_of(claim):
        return claim
    default = _default(server, _CLASSES, _DEFAULT_CLASS)
    return {**claim, "spec": {**claim["spec"], "storageClassName": default}} if default else claim


def with_ingress_class(server: ServerContext, ingress: Obj) -> Obj:
    """The same for an Ingress."""
    spec = ingress.get("spec") or {}
    if spec.get("ingressClassName") is not None or _INGRESS_CLASS_ANNOTATION in annotations_of(ingress):
        return ingress
    default = _default(server, _INGRESS_CLASSES, _DEFAULT_INGRESS_CLASS)
    return {**ingress, "spec": {**spec, "ingressClassName": default}} if default else ingress


def _default(server: ServerContext, bucket: str, annotations: tuple[str, ...]) -> str:
    """Of the classes that say that they are the default the newest, by name among equals; "" for none."""
    found = [
        item.value["metadata"]
        for item in server.store.range(bucket)
        if any((item.value["metadata"].get("annotations") or {}).get(name) == "true" for name in annotations)
    ]
    if not found:
        return ""
    newest = max(meta["creationTimestamp"] for meta in found)
    return min(str(meta["name"]) for meta in found if meta["creationTimestamp"] == newest)


def check_resize(server: ServerContext, new: Obj, old: Obj) -> None:
    """Forbidden to ask for more than before, unless the claim is bound and its class lets volumes grow."""
    after, before = _size(new), _size(old)
    if after is None or before is None or quantity.compare(after, before) <= 0:
        return
    strategy = server.strategy("persistentvolumeclaims")
    if (old.get("status") or {}).get("phase") != "Bound":
        raise refusal.forbidden(strategy, new, "Only bound persistent volume claims can be expanded")
    class_name = new["spec"].get("storageClassName") or ""
    item = server.store.get(_CLASSES + class_name) if class_name else None
    if item is None or not item.value.get("allowVolumeExpansion"):
        why = (
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support "
            "resize"
        )
        raise refusal.forbidden(strategy, new, why)


def _size(claim: Obj) -> str | None:
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    return requests.get("storage")
