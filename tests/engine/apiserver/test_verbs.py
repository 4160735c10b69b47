"""The API server's verbs: what each does to metadata, what it refuses, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.apimachinery.errors import ApiError
from tests.engine.cluster_tools import Playground

Obj = dict[str, Any]


@pytest.fixture
def play() -> Playground:
    return Playground()


def config_map(name: str = "cm", **data: str) -> Obj:
    return {"metadata": {"name": name}, "data": data}


def refusal(action: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        action()
    return caught.value


def test_create_gives_an_object_its_identity(play: Playground) -> None:
    meta = play.create("configmaps", config_map(a="b"))["metadata"]
    assert meta["resourceVersion"] == str(play.cluster.revision)
    assert meta["creationTimestamp"] == play.cluster.clock.rfc3339()
    assert len(meta["uid"]) == 36


def test_what_only_the_server_sets_is_not_taken_from_a_creator(play: Playground) -> None:
    forged = {"metadata": {"name": "cm", "uid": "mine", "creationTimestamp": "2000-01-01T00:00:00Z", "generation": 9}}
    meta = play.create("configmaps", forged)["metadata"]
    assert meta["uid"] != "mine"
    assert meta["creationTimestamp"] != "2000-01-01T00:00:00Z"
    assert "generation" not in meta


def test_generate_name_appends_five_letters(play: Playground) -> None:
    meta = play.create("configmaps", {"metadata": {"generateName": "cm-"}})["metadata"]
    assert meta["name"].startswith("cm-")
    assert len(meta["name"]) == 8


def test_creating_what_exists_is_refused(play: Playground) -> None:
    play.create("configmaps", config_map())
    error = refusal(lambda: play.create("configmaps", config_map()))
    assert (error.code, error.reason, error.message) == (409, "AlreadyExists", 'configmaps "cm" already exists')


def test_creating_in_a_namespace_that_is_not_there_is_refused(play: Playground) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm", "namespace": "no"}}
    error = refusal(lambda: play.client.create("configmaps", body))
    assert (error.code, error.message) == (404, 'namespaces "no" not found')


def test_an_object_of_another_namespace_than_the_requests_is_refused(play: Playground) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm", "namespace": "other"}}
    error = refusal(lambda: play.client.request("create", "configmaps", "default", body=body))
    words = "the namespace of the provided object does not match the namespace sent on the request"
    assert (error.code, error.message) == (400, words)


def test_an_update_with_a_stale_version_is_a_conflict_and_changes_nothing(play: Playground) -> None:
    first = play.create("configmaps", config_map(a="1"))
    play.client.update("configmaps", {**first, "data": {"a": "2"}})
    before = play.cluster.revision
    error = refusal(lambda: play.client.update("configmaps", {**first, "data": {"a": "3"}}))
    assert error.code == 409
    assert error.message == (
        'Operation cannot be fulfilled on configmaps "cm": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    assert play.cluster.revision == before
    assert play.get("configmaps", "cm")["data"] == {"a": "2"}


def test_an_update_that_changes_nothing_writes_nothing(play: Playground) -> None:
    obj = play.create("configmaps", config_map(a="1"))
    before = play.cluster.revision
    assert play.client.update("configmaps", obj)["metadata"]["resourceVersion"] == obj["metadata"]["resourceVersion"]
    assert play.cluster.revision == before


def test_a_dry_run_answers_and_writes_nothing(play: Playground) -> None:
    before = play.cluster.revision
    body = {"apiVersion": "v1", "kind": "ConfigMap", **config_map(a="1")}
    answer = play.client.request("create", "configmaps", "default", body=body, dry_run=True)
    assert answer["data"] == {"a": "1"}
    assert "resourceVersion" not in answer["metadata"]
    assert play.cluster.revision == before


def test_a_delete_with_another_uid_is_refused(play: Playground) -> None:
    uid = play.create("configmaps", config_map())["metadata"]["uid"]
    error = refusal(lambda: play.client.delete("configmaps", "cm", "default", uid="other"))
    assert error.code == 409
    assert error.message == (
        'Operation cannot be fulfilled on configmaps "cm": Precondition failed: '
        f"UID in precondition: other, UID in object meta: {uid}"
    )


def test_a_finalizer_holds_a_deleted_object_until_it_is_taken_away(play: Playground) -> None:
    play.create("configmaps", {"metadata": {"name": "cm", "finalizers": ["example.com/hold"]}})
    marked = play.client.delete("configmaps", "cm", "default")
    assert marked["metadata"]["deletionTimestamp"] == play.cluster.clock.rfc3339()
    play.client.patch("configmaps", "cm", {"metadata": {"finalizers": None}}, "default", patch_type="merge")
    assert "cm" not in play.names("configmaps")


def test_a_pod_is_deleted_gracefully_and_a_second_delete_only_shortens_the_grace(play: Playground) -> None:
    play.pod("p", spec={"terminationGracePeriodSeconds": 50, "containers": [{"name": "c", "image": "nginx:1.25"}]})
    play.run(30)
    first = play.client.delete("pods", "p", "default")["metadata"]
    assert first["deletionGracePeriodSeconds"] == 50
    longer = play.client.delete("pods", "p", "default", grace_period_seconds=90)["metadata"]
    assert longer["deletionGracePeriodSeconds"] == 50
    shorter = play.client.delete("pods", "p", "default", grace_period_seconds=5)["metadata"]
    assert shorter["deletionGracePeriodSeconds"] == 5


def test_a_pod_on_no_node_goes_at_once(play: Playground) -> None:
    play.pod("p", spec={"nodeSelector": {"no": "such-node"}, "containers": [{"name": "c", "image": "nginx:1.25"}]})
    play.run(1)
    play.client.delete("pods", "p", "default")
    assert "p" not in play.names("pods")


def test_protected_namespaces_stay(play: Playground) -> None:
    error = refusal(lambda: play.client.delete("namespaces", "default"))
    assert error.message == 'namespaces "default" is forbidden: this namespace may not be deleted'


def test_generation_counts_changes_of_the_spec_alone(play: Playground) -> None:
    labels = {"app": "d"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    play.create("deployments.apps", {"metadata": {"name": "d"}, "spec": spec})
    play.run(10)
    assert play.get("deployments.apps", "d")["metadata"]["generation"] == 1
    play.client.patch("deployments.apps", "d", {"spec": {"replicas": 2}}, "default")
    play.run(10)
    deployment = play.get("deployments.apps", "d")
    assert deployment["metadata"]["generation"] == deployment["status"]["observedGeneration"] == 2


def test_a_status_update_leaves_the_rest_alone(play: Playground) -> None:
    play.pod("p", spec={"nodeSelector": {"no": "such-node"}, "containers": [{"name": "c", "image": "nginx:1.25"}]})
    pod = play.get("pods", "p")
    changed = {**pod, "spec": {**pod["spec"], "nodeName": "forged"}, "status": {**pod["status"], "message": "new"}}
    stored = play.client.update_status("pods", changed)
    assert stored["status"]["message"] == "new"
    assert "nodeName" not in stored["spec"]


def test_lists_are_paged_in_key_order(play: Playground) -> None:
    for name in "abcde":
        play.create("configmaps", config_map(name))
    seen: list[str] = []
    token = ""
    while True:
        page = play.client.request("list", "configmaps", "default", limit=2, continue_token=token)
        seen += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue", "")
        if not token:
            break
        assert len(page["items"]) == 2
    assert seen == ["a", "b", "c", "d", "e", "kube-root-ca.crt"]


def test_a_selector_that_does_not_parse_is_told_in_kubernetes_words(play: Playground) -> None:
    error = refusal(lambda: play.client.request("list", "pods", "default", label_selector="app in"))
    assert error.code == 400
    assert error.message == "unable to parse requirement: found '' expected: '('"


def test_a_watch_shows_what_starts_and_stops_matching_its_selector(play: Playground) -> None:
    revision = play.cluster.revision
    watch = play.client.watch("configmaps", "default", resource_version=revision, label_selector="tier=a")
    play.create("configmaps", {"metadata": {"name": "cm", "labels": {"tier": "b"}}})
    for tier in ("a", "a2", "a"):
        play.client.patch("configmaps", "cm", {"metadata": {"labels": {"tier": tier}}}, "default")
    play.client.delete("configmaps", "cm", "default")
    events = [event[0] for event in iter(watch.pop, None)]
    assert events == ["ADDED", "DELETED", "ADDED", "DELETED"]


def test_a_watch_from_a_compacted_revision_is_gone(play: Playground) -> None:
    play.cluster.store.compact(5)
    error = refusal(lambda: play.client.watch("pods", resource_version=3))
    assert (error.code, error.reason) == (410, "Expired")
    assert error.message == f"too old resource version: 3 ({play.cluster.revision})"


def test_a_watch_without_a_version_starts_with_what_is_there(play: Playground) -> None:
    watch = play.client.watch("namespaces")
    names = sorted(event[1]["metadata"]["name"] for event in iter(watch.pop, None))
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]


def test_the_scale_subresource_reads_and_writes_the_replicas(play: Playground) -> None:
    labels = {"app": "d"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    play.create("deployments.apps", {"metadata": {"name": "d"}, "spec": spec})
    scale = play.client.get("deployments.apps", "d", "default", subresource="scale")
    assert scale["kind"] == "Scale"
    assert scale["spec"] == {"replicas": 1}
    assert scale["status"]["selector"] == "app=d"
    play.client.update("deployments.apps", {**scale, "spec": {"replicas": 4}}, subresource="scale")
    assert play.get("deployments.apps", "d")["spec"]["replicas"] == 4
    error = refusal(
        lambda: play.client.update("deployments.apps", {**scale, "spec": {"replicas": -1}}, subresource="scale")
    )
    assert error.message == (
        'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
    )


def test_an_unknown_resource_is_not_found(play: Playground) -> None:
    error = refusal(lambda: play.client.request("list", "nopes"))
    assert (error.code, error.message) == (404, "the server could not find the requested resource")


def test_the_status_of_a_deployment_is_written_without_its_labels(play: Playground) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    made = play.create("deployments.apps", {"metadata": {"name": "d", "labels": {"l": "old"}}, "spec": spec})
    meta = {"labels": {"l": "new"}, "name": "d", "namespace": "default"}
    play.client.update_status("deployments.apps", {**made, "metadata": meta, "status": {"replicas": 1}})
    found = play.get("deployments.apps", "d")
    assert (found["metadata"]["labels"], found["status"]["replicas"]) == ({"l": "old"}, 1)
