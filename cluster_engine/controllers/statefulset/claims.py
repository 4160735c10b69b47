"""What becomes of a pod's claims when the pod is scaled down or the set deleted (persistentVolumeClaimRetentionPolicy).

A claim that is to go with its set or its pod gets that as an owner, and the garbage collector does the rest.
Follows the claim part of pkg/controller/statefulset/stateful_set_utils.go. Everything here is pure.
"""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, owner_reference
from cluster_engine.controllers.statefulset.util import in_ordinal_range


def retention_of(set_: Obj) -> tuple[bool, bool]:
    """(whether claims go when scaled down, whether claims go when the set is deleted)."""
    policy = set_["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return policy.get("whenScaled") == "Delete", policy.get("whenDeleted") == "Delete"


def has_owner(claim: Obj, owner: Obj) -> bool:
    uid = owner["metadata"].get("uid")
    return any(reference.get("uid") == uid for reference in claim["metadata"].get("ownerReferences") or ())


def has_stale_owner(claim: Obj, pod: Obj) -> bool:
    """Whether the claim belongs to an earlier pod of the same name, and will go with it."""
    name, uid = pod["metadata"]["name"], pod["metadata"].get("uid")
    return any(
        reference.get("kind") == "Pod" and reference.get("name") == name and reference.get("uid") != uid
        for reference in claim["metadata"].get("ownerReferences") or ()
    )


def _wanted_owner(set_: Obj, pod: Obj) -> Obj | None:
    """Who has to own the pod's claims: nobody, the set, or (once it is scaled away) the pod."""
    when_scaled, when_deleted = retention_of(set_)
    if when_scaled and not in_ordinal_range(pod, set_):
        return pod
    return set_ if when_deleted else None


def claim_matches_policy(claim: Obj, set_: Obj, pod: Obj) -> bool:
    """Whether exactly the right one of set and pod owns the claim. Follows isClaimOwnerUpToDate."""
    wanted = _wanted_owner(set_, pod)
    return has_owner(claim, set_) == (wanted is set_) and has_owner(claim, pod) == (wanted is pod)


def with_policy(claim: Obj, set_: Obj, pod: Obj) -> Obj:
    """The claim with the owner that the policy wants; other owners stay."""
    mine = {owner["metadata"].get("uid") for owner in (set_, pod)}
    references = [one for one in claim["metadata"].get("ownerReferences") or () if one.get("uid") not in mine]
    wanted = _wanted_owner(set_, pod)
    if wanted is not None:
        references.append(owner_reference(wanted))
    meta = {field: value for field, value in claim["metadata"].items() if field != "ownerReferences"}
    return {**claim, "metadata": {**meta, "ownerReferences": references} if references else meta}
