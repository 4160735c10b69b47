"""The end of a history: somebody puts right what would keep the workloads from settling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.apimachinery.meta import controller_of, deleting
from tests.simulation.people.manifests import BAD_IMAGE, GOOD_IMAGES, RESOURCES

if TYPE_CHECKING:
    from tests.simulation.people.people import Obj, People

TEMPLATED = ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps", "replicationcontrollers")


def repair(people: People) -> None:
    client = people.client
    for quota in client.list("resourcequotas", "default").items:
        patch = {"spec": {"hard": {"pods": "500"}}}
        client.patch("resourcequotas", quota["metadata"]["name"], patch, "default", patch_type="merge")
    for node in client.list("nodes").items:
        if node["spec"].get("unschedulable"):
            client.patch("nodes", node["metadata"]["name"], {"spec": {"unschedulable": None}}, patch_type="merge")
    for resource in TEMPLATED:
        for obj in client.list(resource, "default").items:
            _repair_template(people, resource, obj)
    _free_names(people)
    for kind in ("Job", "CronJob"):
        for obj in client.list(RESOURCES[kind], "default").items:
            patch = {"spec": {"suspend": kind == "CronJob"}}
            client.patch(RESOURCES[kind], obj["metadata"]["name"], patch, "default", patch_type="merge")
            if kind == "Job" and not obj["spec"].get("parallelism"):
                patch = {"spec": {"parallelism": 1}}
                client.patch(RESOURCES[kind], obj["metadata"]["name"], patch, "default", patch_type="merge")
    _free_recreate(people)
    _replace_pods_without_claims(people)
    # The stuck rollout of kubernetes#67250: a StatefulSet waits for a broken pod until somebody deletes it.
    for pod in client.list("pods", "default").items:
        if pod["spec"]["containers"][0]["image"] == BAD_IMAGE:
            client.delete("pods", pod["metadata"]["name"], "default", grace_period_seconds=0)


def _repair_template(people: People, resource: str, obj: Obj) -> None:
    if deleting(obj):
        return
    name, patch = obj["metadata"]["name"], {}
    if obj["spec"]["template"]["spec"]["containers"][0]["image"] == BAD_IMAGE and controller_of(obj) is None:
        patch["template"] = {"spec": {"containers": [{"name": "c", "image": GOOD_IMAGES[0]}]}}
    if obj["spec"].get("paused"):
        patch["paused"] = False
    if resource == "daemonsets.apps" and obj["spec"]["updateStrategy"]["type"] == "OnDelete":
        patch["updateStrategy"] = {"type": "RollingUpdate"}
    if resource == "statefulsets.apps" and _has_broken_revision(people, obj):
        # Below its partition a set makes pods of its current revision, which nobody can repair.
        patch["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    if patch:
        people.client.patch(resource, name, {"spec": patch}, "default", patch_type="merge")


def _has_broken_revision(people: People, set_: Obj) -> bool:
    revisions = people.client.list("controllerrevisions.apps", "default").items
    own = [r for r in revisions if (controller_of(r) or {}).get("uid") == set_["metadata"]["uid"]]
    return any(r["data"]["spec"]["template"]["spec"]["containers"][0]["image"] == BAD_IMAGE for r in own)


def _free_names(people: People) -> None:
    """A StatefulSet waits for the name of a pod that was taken out of it by its labels, later and later."""
    sets = {obj["metadata"]["name"] for obj in people.client.list("statefulsets.apps", "default").items}
    for pod in people.client.list("pods", "default").items:
        name = pod["metadata"]["name"]
        if controller_of(pod) is None and name.rpartition("-")[0] in sets:
            people.client.delete("pods", name, "default", grace_period_seconds=0)
    for name in sets:
        patch = {"metadata": {"annotations": {"note": "names are free"}}}
        people.client.patch("statefulsets.apps", name, patch, "default", patch_type="merge")


def _replace_pods_without_claims(people: People) -> None:
    """A StatefulSet with claims that has adopted a pod without them cannot give it any: pods do not change so."""
    claiming = {
        obj["metadata"]["uid"]
        for obj in people.client.list("statefulsets.apps", "default").items
        if obj["spec"].get("volumeClaimTemplates")
    }
    for pod in people.client.list("pods", "default").items:
        claims = [volume for volume in pod["spec"].get("volumes") or () if "persistentVolumeClaim" in volume]
        if (controller_of(pod) or {}).get("uid") in claiming and not claims:
            people.client.delete("pods", pod["metadata"]["name"], "default")


def _free_recreate(people: People) -> None:
    """Recreate does not get on where several ReplicaSets that it has adopted are active and their annotations of the
    desired replicas differ from it: it takes that for a scaling, which only a rolling update would do.
    """
    active = [rs for rs in people.client.list("replicasets.apps", "default").items if rs["spec"]["replicas"]]
    for deployment in people.client.list("deployments.apps", "default").items:
        if deployment["spec"]["strategy"]["type"] != "Recreate":
            continue
        own = [rs for rs in active if (controller_of(rs) or {}).get("uid") == deployment["metadata"]["uid"]]
        for rs in own if len(own) > 1 else ():
            people.client.delete("replicasets.apps", rs["metadata"]["name"], "default")
