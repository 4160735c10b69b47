"""Jobs in a running cluster: to completion, to failure, and what they say of it."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_engine.apimachinery.errors import ApiError

FINALIZER = "batch.kubernetes.io/job-tracking"


@pytest.fixture
def world(make_world: Any) -> Any:
    """A cluster whose images are those of the catalogue, so that commands end."""
    return make_world(registry="catalogue")


def job(world: Any, command: str = "exit 0", *, restart: str = "Never", **spec: Any) -> Any:
    container = {"name": "c", "image": "busybox", "command": ["sh", "-c", command]}
    template = {"spec": {"restartPolicy": restart, "containers": [container]}}
    meta = {"name": "j", "namespace": "default"}
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {**spec, "template": template}}
    return world.client.create("jobs.batch", body)


def status(world: Any) -> Any:
    return world.get("jobs.batch", "j")["status"]


def conditions(world: Any) -> list[tuple[str, str, str]]:
    return [(c["type"], c.get("reason", ""), c.get("message", "")) for c in status(world).get("conditions", ())]


def no_faults(world: Any) -> None:
    assert list(world.cluster.trace.faults) == []


def test_a_job_runs_until_its_completions_and_says_so(world: Any) -> None:
    job(world, "sleep 2", completions=3, parallelism=2)
    world.run(3)
    assert status(world)["active"] == 2
    world.run(60)
    reached = ("CompletionsReached", "Reached expected number of succeeded pods")
    assert conditions(world) == [("SuccessCriteriaMet", *reached), ("Complete", *reached)]
    found = status(world)
    assert (found["succeeded"], found["ready"], found["terminating"]) == (3, 0, 0)
    assert found["uncountedTerminatedPods"] == {}
    assert found["completionTime"] >= found["startTime"]
    assert "active" not in found
    pods = world.list("pods")
    assert sorted(world.events("Job", "SuccessfulCreate")) == sorted(
        f"Created pod: {p['metadata']['name']}" for p in pods
    )
    assert world.events("Job", "Completed") == ["Job completed"]
    assert all("finalizers" not in pod["metadata"] for pod in pods)
    no_faults(world)


def test_a_pod_of_a_job_has_the_finalizer_until_it_is_counted(world: Any) -> None:
    created = job(world, "sleep 5")
    world.run(2)
    (pod,) = world.list("pods")
    assert pod["metadata"]["finalizers"] == [FINALIZER]
    assert pod["metadata"]["generateName"] == "j-"
    assert pod["metadata"]["labels"]["batch.kubernetes.io/controller-uid"] == created["metadata"]["uid"]
    assert pod["metadata"]["ownerReferences"][0]["kind"] == "Job"


def test_failed_pods_are_replaced_after_waits_that_double_until_the_limit(world: Any) -> None:
    job(world, "exit 1", backoffLimit=2)
    world.run(120)
    pods = world.list("pods")
    created = sorted(pod["metadata"]["creationTimestamp"] for pod in pods)
    ended = sorted(p["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"] for p in pods)
    seconds = [int(text[14:16]) * 60 + int(text[17:19]) for text in (created[1], created[2], ended[0], ended[1])]
    assert 10 <= seconds[0] - seconds[2] <= 12
    assert 20 <= seconds[1] - seconds[3] <= 22
    why = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
    assert conditions(world) == [("FailureTarget", *why), ("Failed", *why)]
    assert status(world)["failed"] == 3
    assert world.events("Job", "BackoffLimitExceeded") == ["Job has reached the specified backoff limit"]
    no_faults(world)


def test_containers_that_restart_in_their_pod_use_up_the_limit_too(world: Any) -> None:
    job(world, "exit 1", restart="OnFailure", backoffLimit=2)
    world.run(120)
    assert conditions(world)[-1][:2] == ("Failed", "BackoffLimitExceeded")
    assert world.names("pods") == []
    assert len(world.events("Job", "SuccessfulDelete")) == 1


def test_a_job_that_is_active_for_too_long_fails_and_its_pods_are_deleted(world: Any) -> None:
    job(world, "sleep 1000", activeDeadlineSeconds=20, parallelism=2, completions=2)
    world.run(19)
    assert status(world)["active"] == 2
    world.run(60)
    why = ("DeadlineExceeded", "Job was active longer than specified deadline")
    assert conditions(world) == [("FailureTarget", *why), ("Failed", *why)]
    assert status(world)["failed"] == 2
    assert world.names("pods") == []


def test_an_indexed_job_gives_each_pod_its_index(world: Any) -> None:
    job(world, "sleep 1", completions=3, parallelism=3, completionMode="Indexed")
    world.run(2)
    pods = sorted(world.list("pods"), key=lambda pod: pod["metadata"]["generateName"])
    assert [pod["metadata"]["generateName"] for pod in pods] == ["j-0-", "j-1-", "j-2-"]
    assert [pod["spec"]["hostname"] for pod in pods] == ["j-0", "j-1", "j-2"]
    index = "batch.kubernetes.io/job-completion-index"
    assert [(p["metadata"]["annotations"][index], p["metadata"]["labels"][index]) for p in pods] == [
        ("0", "0"), ("1", "1"), ("2", "2")
    ]  # fmt: skip
    world.run(60)
    assert (status(world)["succeeded"], status(world)["completedIndexes"]) == (3, "0-2")
    no_faults(world)


def test_each_index_may_have_a_limit_of_its_own(world: Any) -> None:
    spec: dict[str, Any] = {"completions": 2, "parallelism": 2, "completionMode": "Indexed", "backoffLimitPerIndex": 1}
    job(world, "exit 1", **spec)
    world.run(200)
    assert conditions(world)[-1] == ("Failed", "FailedIndexes", "Job has failed indexes")
    assert (status(world)["failed"], status(world)["failedIndexes"]) == (4, "0,1")
    no_faults(world)


def test_a_suspended_job_has_no_pods_and_starts_anew_when_it_is_resumed(world: Any) -> None:
    job(world, "sleep 5", suspend=True)
    world.run(5)
    assert conditions(world) == [("Suspended", "JobSuspended", "Job suspended")]
    assert "startTime" not in status(world)
    assert world.names("pods") == []
    world.patch("jobs.batch", "j", {"spec": {"suspend": False}})
    world.run(2)
    assert world.conditions("jobs.batch", "j")["Suspended"] == ("False", "JobResumed")
    assert (world.events("Job", "Suspended"), world.events("Job", "Resumed")) == (["Job suspended"], ["Job resumed"])
    world.patch("jobs.batch", "j", {"spec": {"suspend": True}})
    world.run(30)
    assert world.names("pods") == []
    # A pod that goes because of this has not failed.
    assert "failed" not in status(world)
    world.patch("jobs.batch", "j", {"spec": {"suspend": False}})
    world.run(60)
    assert status(world)["succeeded"] == 1


def test_fewer_pods_run_when_parallelism_shrinks(world: Any) -> None:
    job(world, "sleep 1000", completions=4, parallelism=4)
    world.run(5)
    world.patch("jobs.batch", "j", {"spec": {"parallelism": 1}})
    world.run(40)
    assert (status(world)["active"], len(world.names("pods"))) == (1, 1)
    assert "failed" not in status(world)


def test_a_pod_that_is_deleted_counts_as_failed_and_is_replaced(world: Any) -> None:
    job(world, "sleep 30")
    world.run(3)
    (name,) = world.names("pods")
    world.client.delete("pods", name, "default")
    world.run(100)
    assert (status(world)["failed"], status(world)["succeeded"]) == (1, 1)
    assert name not in world.names("pods")


def test_a_failure_that_the_policy_ignores_does_not_count(world: Any) -> None:
    rules = [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [7]}}]
    job(world, "exit 7", backoffLimit=0, podFailurePolicy={"rules": rules})
    world.run(60)
    assert conditions(world) == []
    assert len(world.names("pods")) > 1
    assert "failed" not in status(world)


def test_a_failure_that_the_policy_names_fails_the_job_at_once(world: Any) -> None:
    rules = [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [7]}}]
    job(world, "exit 7", backoffLimit=6, podFailurePolicy={"rules": rules})
    world.run(30)
    (name,) = world.names("pods")
    message = f"Container c for pod default/{name} failed with exit code 7 matching FailJob rule at index 0"
    why = ("PodFailurePolicy", message)
    assert conditions(world) == [("FailureTarget", *why), ("Failed", *why)]


def test_a_deleted_job_takes_its_pods_along_with_their_finalizers(world: Any) -> None:
    job(world, "sleep 1000", completions=3, parallelism=3)
    world.run(5)
    world.client.delete("jobs.batch", "j", "default", propagation_policy="Background")
    world.run(40)
    assert world.names("pods") == []
    no_faults(world)


def test_a_job_goes_so_long_after_its_end_as_it_asks_for(world: Any) -> None:
    job(world, "exit 0", ttlSecondsAfterFinished=30)
    world.run(30)
    assert status(world)["succeeded"] == 1
    world.run(35)
    with pytest.raises(ApiError) as gone:
        world.get("jobs.batch", "j")
    assert gone.value.code == 404
    assert world.names("pods") == []


def test_a_job_without_completions_is_done_when_one_pod_has_succeeded_and_the_others_ended(world: Any) -> None:
    job(world, "sleep 3", parallelism=2)
    world.patch("jobs.batch", "j", {})
    world.run(60)
    assert conditions(world)[-1][0] == "Complete"
    assert status(world)["succeeded"] >= 1


def test_a_finished_job_costs_nothing_any_more(world: Any) -> None:
    job(world)
    world.run(60)
    revision = world.cluster.revision
    world.run(1800)
    assert world.cluster.revision == revision


def test_a_manager_that_restarts_counts_no_pod_twice(world: Any) -> None:
    job(world, "sleep 2", completions=4, parallelism=2)
    for _ in range(12):
        world.run(2)
        world.cluster = type(world.cluster)(world.cluster.config, world.cluster.snapshot())
        world.client = world.cluster.client("kubectl")
    world.run(60)
    assert (status(world)["succeeded"], len(world.names("pods"))) == (4, 4)
    no_faults(world)
