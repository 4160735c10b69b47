"""Which volume suits a claim, and where a volume can be had: asked by the controller that binds and by the scheduler.

Follows k8s.io/component-helpers/storage/volume (FindMatchingVolume, CheckNodeAffinity, IsDelayBindingMode).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from cluster_engine.apimachinery import labels, quantity
from cluster_engine.apimachinery.meta import Obj, annotations_of, controller_of, deleting, dig, labels_of
from cluster_engine.apimachinery.node_fit import term_matches

CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
# The node for whose sake a volume is to be made, on a claim that waited for its first consumer.
SELECTED_NODE = "volume.kubernetes.io/selected-node"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
WAIT_FOR_FIRST_CONSUMER = "WaitForFirstConsumer"


def claim_names(pod: Obj) -> Iterator[tuple[str, bool]]:
    """The name of each claim that a pod uses, and whether it is made for the pod (a generic ephemeral volume)."""
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            yield volume["persistentVolumeClaim"]["claimName"], False
        elif "ephemeral" in volume:
            yield f"{pod['metadata']['name']}-{volume['name']}", True


def claim_keys(pod: Obj) -> list[str]:
    """`namespace/name` of each claim that a pod uses."""
    namespace = pod["metadata"].get("namespace", "")
    return [f"{namespace}/{name}" for name, _ in claim_names(pod)]


def is_made_for(claim: Obj, pod: Obj) -> bool:
    """Whether a claim belongs to that very pod."""
    owner = controller_of(claim)
    return owner is not None and owner.get("uid") == pod["metadata"].get("uid")


def class_of(obj: Obj) -> str:
    """The storage class of a claim or a volume, "" for none."""
    return annotations_of(obj).get(CLASS_ANNOTATION) or obj["spec"].get("storageClassName") or ""


def requested_bytes(claim: Obj) -> int:
    return quantity.value(dig(claim, "spec", "resources", "requests", "storage", default="0"))


def capacity_bytes(volume: Obj) -> int:
    return quantity.value(dig(volume, "spec", "capacity", "storage", default="0"))


def is_claimed_by(volume: Obj, claim: Obj) -> bool:
    """Whether the volume's claimRef means that claim; one written by hand, without a uid, means any of the name."""
    reference = volume["spec"].get("claimRef")
    if not reference:
        return False
    meta = claim["metadata"]
    if reference.get("name") != meta["name"] or reference.get("namespace") != meta["namespace"]:
        return False
    return not reference.get("uid") or reference["uid"] == meta["uid"]


def _fits(volume: Obj, claim: Obj) -> bool:
    """Whether a volume offers what the claim asks for: mode, size, access, class, labels."""
    if volume["spec"].get("volumeMode", "Filesystem") != claim["spec"].get("volumeMode", "Filesystem"):
        return False
    if capacity_bytes(volume) < requested_bytes(claim) or deleting(volume):
        return False
    return set(claim["spec"].get("accessModes") or ()) <= set(volume["spec"].get("accessModes") or ())


def is_bound(claim: Obj) -> bool:
    """Whether a claim has its volume for good."""
    return bool(claim["spec"].get("volumeName")) and BIND_COMPLETED in annotations_of(claim)


def waits_for_consumer(class_: Obj | None) -> bool:
    """Whether claims of a storage class (None: there is no such class) are bound when a pod uses them only."""
    return class_ is not None and class_.get("volumeBindingMode") == WAIT_FOR_FIRST_CONSUMER


def reaches(volume: Obj, node_labels: Mapping[str, str], node: str) -> bool:
    """Whether a volume can be had on a node."""
    required = dig(volume, "spec", "nodeAffinity", "required")
    if not required:
        return True
    return any(term_matches(term, node_labels, node) for term in required.get("nodeSelectorTerms") or ())


def claim_reference(claim: Obj) -> Obj:
    """A volume's `claimRef` to a claim."""
    meta = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "name": meta["name"],
        "namespace": meta["namespace"],
        "resourceVersion": meta["resourceVersion"],
        "uid": meta["uid"],
    }


def find_matching_volume(
    volumes: Iterable[Obj],
    claim: Obj,
    *,
    only_promised: bool = False,
    node: tuple[Mapping[str, str], str] | None = None,
    excluded: Collection[str] = (),
) -> Obj | None:
    """The volume that was bound to the claim beforehand, else the smallest free one that suits it.

    With `only_promised` no free one is taken. `node`, labels and name, must be reached by it; volumes of the names
    `excluded` are taken already.
    """
    selector = claim["spec"].get("selector")
    parsed = labels.from_label_selector(selector) if selector else None
    best: Obj | None = None
    for volume in sorted(volumes, key=lambda v: v["metadata"]["name"]):
        if volume["metadata"]["name"] in excluded or not _fits(volume, claim):
            continue
        reached = node is None or reaches(volume, *node)
        if is_claimed_by(volume, claim):
            return volume if reached else None
        if only_promised or not reached:
            continue
        if volume["spec"].get("claimRef") or dig(volume, "status", "phase") != "Available":
            continue
        if class_of(volume) != class_of(claim) or (parsed is not None and not parsed.matches(labels_of(volume))):
            continue
        if best is None or capacity_bytes(volume) < capacity_bytes(best):
            best = volume
    return best
