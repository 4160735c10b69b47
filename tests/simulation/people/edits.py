"""Edits of what is there: strategies, labels, pauses, rollbacks, suspensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.apimachinery.meta import controller_of
from tests.simulation.people.manifests import NAMES, RESOURCES, labels_of_workload

if TYPE_CHECKING:
    from tests.simulation.people.people import People


def relabel_a_pod(people: People) -> None:
    """Takes a pod out of its workload, or gives it to another: selectors decide who adopts it."""
    pods = people.client.list("pods", "default").items
    if not pods:
        return
    pod = people.dice.choice(pods)
    kind = people.dice.choice(list(RESOURCES))
    labels = people.dice.choice([{"app": "loose"}, labels_of_workload(kind, people.dice.choice(NAMES))])
    people.let_go(pod)
    people.disturb_owner(pod)
    people.patch("pods", pod, {"metadata": {"labels": labels}}, "label", disturbs=False)


def relabel_a_replica_set(people: People) -> None:
    """A ReplicaSet that its Deployment no longer selects is released, and adopted again with its old label."""
    found = people.client.list("replicasets.apps", "default").items
    if not found:
        return
    rs = people.dice.choice(found)
    owner = controller_of(rs)
    before = rs["spec"]["template"]["metadata"]["labels"].get("app")
    label = before if owner is None else "loose"
    people.let_go(rs)
    if owner is not None:
        people.disturbed.add(f"deployments.apps/{owner['name']}")
    people.patch("replicasets.apps", rs, {"metadata": {"labels": {"app": label}}}, "label")


def edit_selector(people: People) -> None:
    """Only a ReplicationController's may be edited; it lets go of its pods then. Of others it is refused."""
    picked = people.pick()
    if picked is None:
        return
    resource, obj = picked
    if resource == "replicationcontrollers":
        labels = people.dice.choice([{"app": "other"}, labels_of_workload("ReplicationController", "a")])
        people.let_go(obj)
        patch = {"spec": {"selector": labels, "template": {"metadata": {"labels": labels}}}}
        people.patch(resource, obj, patch, "edit")
    else:
        people.patch(resource, obj, {"spec": {"selector": {"matchLabels": {"app": "other"}}}}, "edit", disturbs=False)


def label_template(people: People) -> None:
    picked = people.pick("Deployment", "StatefulSet", "DaemonSet")
    if picked is not None:
        labels = {"tier": people.dice.choice("xyz")}
        people.patch(*picked, {"spec": {"template": {"metadata": {"labels": labels}}}}, "edit", disturbs=False)


def edit_strategy(people: People) -> None:
    picked = people.pick("Deployment", "StatefulSet", "DaemonSet")
    if picked is None:
        return
    make = people.manifests
    field, change = {
        "Deployment": ("strategy", make.strategy),
        "StatefulSet": ("updateStrategy", make.update_strategy),
        "DaemonSet": ("updateStrategy", make.daemon_strategy),
    }[picked[1]["kind"]]
    people.patch(*picked, {"spec": {field: change()}}, "edit")


def edit_min_ready(people: People) -> None:
    picked = people.pick("Deployment", "StatefulSet", "DaemonSet")
    if picked is not None:
        people.patch(*picked, {"spec": {"minReadySeconds": people.dice.choice([0, 2, 15])}}, "edit")


def limit_history(people: People) -> None:
    picked = people.pick("Deployment", "StatefulSet", "DaemonSet")
    if picked is not None:
        limit = people.dice.choice([0, 1, 10])
        people.patch(*picked, {"spec": {"revisionHistoryLimit": limit}}, "edit", disturbs=False)


def pause(people: People) -> None:
    """Pauses a Deployment, or lets it go on."""
    picked = people.pick("Deployment")
    if picked is not None:
        people.patch(*picked, {"spec": {"paused": not picked[1]["spec"].get("paused")}}, "pause", disturbs=False)


def roll_back(people: People) -> None:
    """Gives a Deployment the template of one of its older ReplicaSets."""
    picked = people.pick("Deployment")
    if picked is None:
        return
    resource, obj = picked
    every, uid = people.client.list("replicasets.apps", "default").items, obj["metadata"]["uid"]
    own = [rs for rs in every if (controller_of(rs) or {}).get("uid") == uid]
    if not own:
        return
    template = people.dice.choice(own)["spec"]["template"]
    labels = {key: value for key, value in template["metadata"]["labels"].items() if key != "pod-template-hash"}
    back = {"metadata": {**template["metadata"], "labels": labels}, "spec": template["spec"]}
    people.patch(resource, obj, {"spec": {"template": back}}, "roll back", disturbs=False)


def suspend(people: People) -> None:
    """Suspends a Job or a CronJob, or lets it go on."""
    picked = people.pick("Job", "CronJob")
    if picked is not None:
        people.patch(*picked, {"spec": {"suspend": not picked[1]["spec"].get("suspend")}}, "suspend")


def resize_job(people: People) -> None:
    picked = people.pick("Job")
    if picked is not None:
        people.patch(*picked, {"spec": {"parallelism": people.dice.randrange(5)}}, "scale")


# How often each is done beside the others.
DEEDS = {
    relabel_a_pod: 2,
    relabel_a_replica_set: 1,
    edit_selector: 1,
    label_template: 1,
    edit_strategy: 2,
    edit_min_ready: 1,
    limit_history: 1,
    pause: 2,
    roll_back: 2,
    suspend: 1,
    resize_job: 1,
}
