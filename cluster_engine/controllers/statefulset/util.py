"""Names, ordinals, identities and states of a StatefulSet's pods.

Follows pkg/controller/statefulset/stateful_set_utils.go. Everything here is pure.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cluster_engine.apimachinery.intstr import scaled_value
from cluster_engine.apimachinery.meta import Obj, labels_of
from cluster_engine.controllers.common.pod_control import pod_from_template
from cluster_engine.controllers.common.pods import is_pod_available, is_pod_ready, phase_of

POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name"
POD_INDEX_LABEL = "apps.kubernetes.io/pod-index"
REVISION_LABEL = "controller-revision-hash"
_POD_NAME = re.compile(r"(.*)-([0-9]+)", re.DOTALL)


@lru_cache(maxsize=8192)
def parent_and_ordinal(pod_name: str) -> tuple[str, int]:
    """("web", 2) of `web-2`; ("", -1) of a name that is no StatefulSet's."""
    found = _POD_NAME.fullmatch(pod_name)
    if found is None:
        return "", -1
    number = int(found[2])
    return found[1], number if number < 2**31 else -1


def ordinal_of(pod: Obj) -> int:
    return parent_and_ordinal(pod["metadata"]["name"])[1]


def is_member_of(set_: Obj, pod: Obj) -> bool:
    """Whether the pod's name is one of the set's."""
    return parent_and_ordinal(pod["metadata"]["name"])[0] == set_["metadata"]["name"]  # type: ignore[no-any-return]


def replicas_of(set_: Obj) -> int:
    return set_["spec"].get("replicas", 1)  # type: ignore[no-any-return]


def start_ordinal(set_: Obj) -> int:
    return (set_["spec"].get("ordinals") or {}).get("start", 0)  # type: ignore[no-any-return]


def in_ordinal_range(pod: Obj, set_: Obj) -> bool:
    start = start_ordinal(set_)
    return start <= ordinal_of(pod) < start + replicas_of(set_)


def is_rolling_update(set_: Obj) -> bool:
    return bool((set_["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate")


def partition_of(set_: Obj) -> int | None:
    """The partition of the rolling update, or None where the strategy says nothing."""
    rolling = (set_["spec"].get("updateStrategy") or {}).get("rollingUpdate")
    return None if rolling is None else rolling.get("partition", 0)


def max_unavailable_of(set_: Obj) -> int | None:
    """How many pods a rolling update may take at once; None where the strategy says nothing: then it is one, and waits
    for those above it. A percentage is rounded down, and at least one pod may always go: 30% of 3 is 1.
    """
    value = ((set_["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}).get("maxUnavailable")
    return None if value is None else max(scaled_value(value, replicas_of(set_), round_up=False), 1)


def allows_burst(set_: Obj) -> bool:
    """Whether pods may come and go all at once (`podManagementPolicy: Parallel`)."""
    return bool(set_["spec"].get("podManagementPolicy") == "Parallel")


def min_ready_seconds_of(set_: Obj) -> int:
    return set_["spec"].get("minReadySeconds", 0)  # type: ignore[no-any-return]


# States. A pod that is only planned has no phase.


def is_created(pod: Obj) -> bool:
    return phase_of(pod) != ""


def is_terminating(pod: Obj) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def is_running_and_ready(pod: Obj) -> bool:
    return phase_of(pod) == "Running" and is_pod_ready(pod)


def is_running_and_available(pod: Obj, min_ready_seconds: int, now_us: int) -> bool:
    return phase_of(pod) == "Running" and is_pod_available(pod, min_ready_seconds, now_us)


def is_unavailable(pod: Obj, min_ready_seconds: int, now_us: int) -> bool:
    return is_terminating(pod) or not is_running_and_available(pod, min_ready_seconds, now_us)


def revision_of(pod: Obj) -> str:
    """The name of the revision that the pod was made from."""
    return labels_of(pod).get(REVISION_LABEL, "")


# Identity and storage.


def claim_name(set_: Obj, template: Obj, ordinal: int) -> str:
    """`www-web-0` for the claim template `www` of the set `web`."""
    return f"{template['metadata']['name']}-{set_['metadata']['name']}-{ordinal}"


def claim_templates(set_: Obj) -> list[Obj]:
    return set_["spec"].get("volumeClaimTemplates") or []


def claims_for(set_: Obj, ordinal: int) -> list[Obj]:
    """The claims that the pod of that ordinal needs, with the set's selector labels on them."""
    match_labels = (set_["spec"].get("selector") or {}).get("matchLabels") or {}
    claims = []
    for template in claim_templates(set_):
        meta = {field: value for field, value in template["metadata"].items() if field != "creationTimestamp"}
        meta["name"] = claim_name(set_, template, ordinal)
        meta["namespace"] = set_["metadata"]["namespace"]
        meta["labels"] = {**(meta.get("labels") or {}), **match_labels}
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": template["spec"]}
        claims.append(claim)
    return claims


def identity_matches(set_: Obj, pod: Obj) -> bool:
    """Whether the pod has the name, namespace and identity labels of a member."""
    parent, ordinal = parent_and_ordinal(pod["metadata"]["name"])
    name = pod["metadata"]["name"]
    labels = labels_of(pod)
    return (
        ordinal >= 0
        and parent == set_["metadata"]["name"]
        and pod["metadata"].get("namespace") == set_["metadata"]["namespace"]
        and labels.get(POD_NAME_LABEL) == name
        and labels.get(POD_INDEX_LABEL) == str(ordinal)
    )


def storage_matches(set_: Obj, pod: Obj) -> bool:
    """Whether the pod mounts the claims of its ordinal."""
    ordinal = ordinal_of(pod)
    if ordinal < 0:
        return False
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    return all(
        ((volumes.get(template["metadata"]["name"]) or {}).get("persistentVolumeClaim") or {}).get("claimName")
        == claim_name(set_, template, ordinal)
        for template in claim_templates(set_)
    )


def with_identity(set_: Obj, pod: Obj) -> Obj:
    """The pod with its identity labels."""
    ordinal = ordinal_of(pod)
    name = f"{set_['metadata']['name']}-{ordinal}"
    labels = {**labels_of(pod), POD_NAME_LABEL: name, POD_INDEX_LABEL: str(ordinal)}
    meta = {**pod["metadata"], "name": name, "namespace": set_["metadata"]["namespace"], "labels": labels}
    return {**pod, "metadata": meta}


def with_storage(set_: Obj, pod: Obj) -> Obj:
    """The pod with a volume for each claim, in the place of its own volumes of those names."""
    templates = claim_templates(set_)
    if not templates:
        return pod
    ordinal = ordinal_of(pod)
    names = {template["metadata"]["name"] for template in templates}
    claimed = [
        {"name": one["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim_name(set_, one, ordinal)}}
        for one in templates
    ]
    others = [volume for volume in pod["spec"].get("volumes") or () if volume["name"] not in names]
    return {**pod, "spec": {**pod["spec"], "volumes": [*claimed, *others]}}


def new_stateful_set_pod(set_: Obj, template: Obj, revision: str, ordinal: int) -> Obj:
    """The pod of that ordinal as it is to be created from a template; `revision` names the template's revision."""
    name = f"{set_['metadata']['name']}-{ordinal}"
    pod = pod_from_template(template, set_)
    pod = with_identity(set_, {**pod, "metadata": {**pod["metadata"], "name": name}})
    pod["metadata"]["labels"][REVISION_LABEL] = revision
    spec = {**pod["spec"], "hostname": name}
    if set_["spec"].get("serviceName"):
        spec["subdomain"] = set_["spec"]["serviceName"]
    return with_storage(set_, {**pod, "spec": spec})


def needs_current_revision(set_: Obj, ordinal: int) -> bool:
    """Whether a pod that has to be made anew is made from the current revision, not from the update.

    In a rolling update those below the partition are.
    """
    if not is_rolling_update(set_):
        return False
    partition = partition_of(set_)
    if partition is None:
        partition = (set_.get("status") or {}).get("currentReplicas", 0)
    return ordinal < start_ordinal(set_) + partition
