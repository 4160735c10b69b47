"""Which volume suits a claim. Follows k8s.io/component-helpers/storage/volume/pv_helpers.go (FindMatchingVolume)."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_engine.apimachinery import labels, quantity
from cluster_engine.apimachinery.meta import Obj, annotations_of, deleting, dig, labels_of

CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


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


def find_matching_volume(volumes: Iterable[Obj], claim: Obj) -> Obj | None:
    """The volume that was bound to the claim beforehand, else the smallest free one that suits it."""
    selector = claim["spec"].get("selector")
    parsed = labels.from_label_selector(selector) if selector else None
    best: Obj | None = None
    for volume in sorted(volumes, key=lambda v: v["metadata"]["name"]):
        if not _fits(volume, claim):
            continue
        if is_claimed_by(volume, claim):
            return volume
        if volume["spec"].get("claimRef") or dig(volume, "status", "phase") != "Available":
            continue
        if class_of(volume) != class_of(claim) or (parsed is not None and not parsed.matches(labels_of(volume))):
            continue
        if best is None or capacity_bytes(volume) < capacity_bytes(best):
            best = volume
    return best
