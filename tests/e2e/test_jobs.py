"""Job and CronJob: scenarios of test/e2e/apps/{job,cronjob,ttl_after_finished}.go.

Their containers have to end, so that they run on a server with the playground's own images.
"""

from __future__ import annotations

from typing import Any

from tests.e2e.framework import BUSYBOX, MERGE, Framework


def job(name: str, script: str, policy: str = "Never", **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": BUSYBOX, "command": ["/bin/sh", "-c", script]}
    template = {"spec": {"restartPolicy": policy, "containers": [container]}}
    return {"metadata": {"name": name}, "spec": {"template": template, **spec}}


def wait_for_job(f: Framework, name: str, condition: str) -> Any:
    def look() -> Any:
        found = f.batch.read_namespaced_job(name, f.ns)
        conditions = {c.type: c for c in found.status.conditions or () if c.status == "True"}
        return (found, conditions[condition]) if condition in conditions else None

    return f.eventually(look, f"the Job is {condition}")


def test_a_job_runs_to_completion(g: Framework) -> None:
    g.batch.create_namespaced_job(g.ns, job("all-succeed", "exit 0", parallelism=2, completions=4))
    found, _ = wait_for_job(g, "all-succeed", "Complete")
    assert (found.status.succeeded, found.status.active) == (4, None)
    assert len(g.pods(**{"job-name": "all-succeed"})) == 4


def test_a_job_whose_tasks_fail_once_locally_completes(g: Framework) -> None:
    # The file is on a volume, which is there after the restart.
    body = job("fail-once", "if [ -e /data/foo ]; then exit 0; else touch /data/foo; exit 1; fi", "OnFailure")
    pod = body["spec"]["template"]["spec"]
    pod["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    pod["volumes"] = [{"name": "data", "emptyDir": {}}]
    g.batch.create_namespaced_job(g.ns, body)
    wait_for_job(g, "fail-once", "Complete")
    (one,) = g.pods(**{"job-name": "fail-once"})
    assert one.status.container_statuses[0].restart_count == 1


def test_a_job_gives_up_at_its_backoff_limit(g: Framework) -> None:
    g.batch.create_namespaced_job(g.ns, job("backofflimit", "exit 1", backoffLimit=1))
    _, condition = wait_for_job(g, "backofflimit", "Failed")
    assert condition.reason == "BackoffLimitExceeded"
    assert [pod.status.phase for pod in g.pods(**{"job-name": "backofflimit"})] == ["Failed"] * 2


def test_a_job_with_indexes_gives_each_its_own(g: Framework) -> None:
    body = job("indexed", "echo $JOB_COMPLETION_INDEX", completions=4, parallelism=2, completionMode="Indexed")
    g.batch.create_namespaced_job(g.ns, body)
    found, _ = wait_for_job(g, "indexed", "Complete")
    assert found.status.completed_indexes == "0-3"
    logs = sorted(
        g.core.read_namespaced_pod_log(pod.metadata.name, g.ns).strip() for pod in g.pods(**{"job-name": "indexed"})
    )
    assert logs == ["0", "1", "2", "3"]


def test_a_job_can_be_suspended_and_goes_on(g: Framework) -> None:
    g.batch.create_namespaced_job(g.ns, job("suspended", "exit 0", completions=2, parallelism=2, suspend=True))
    wait_for_job(g, "suspended", "Suspended")
    assert g.pods(**{"job-name": "suspended"}) == []
    g.batch.patch_namespaced_job("suspended", g.ns, {"spec": {"suspend": False}}, _content_type=MERGE)
    wait_for_job(g, "suspended", "Complete")


def test_a_finished_job_goes_after_its_time_to_live(g: Framework) -> None:
    g.batch.create_namespaced_job(g.ns, job("short-lived", "exit 0", ttlSecondsAfterFinished=10))
    g.eventually(lambda: g.read(g.batch.read_namespaced_job, "short-lived") is None, "it is gone")
    g.eventually(lambda: not g.pods(**{"job-name": "short-lived"}), "and so are its pods")


def test_a_job_is_adopted_released_and_deleted_with_its_pods(g: Framework) -> None:
    g.batch.create_namespaced_job(g.ns, job("adopts", "sleep 3600", parallelism=2, completions=2))
    pods = g.wait_for_pods_running(2, **{"job-name": "adopts"})
    read, replace = g.core.read_namespaced_pod, g.core.replace_namespaced_pod
    name = pods[0].metadata.name
    g.update(read, replace, name, lambda pod: setattr(pod.metadata, "owner_references", None))
    g.eventually(lambda: g.core.read_namespaced_pod(name, g.ns).metadata.owner_references, "adopted")
    g.batch.delete_namespaced_job("adopts", g.ns, propagation_policy="Foreground")
    g.eventually(lambda: g.read(g.batch.read_namespaced_job, "adopts") is None, "it is gone")
    assert g.pods(**{"job-name": "adopts"}) == []


def cron_job(name: str, script: str, policy: str, **spec: Any) -> dict[str, Any]:
    template = {"spec": job("", script)["spec"]}
    return {
        "metadata": {"name": name},
        "spec": {"schedule": "*/1 * * * *", "concurrencyPolicy": policy, "jobTemplate": template, **spec},
    }


def jobs_of(g: Framework, name: str) -> list[Any]:
    """The Jobs that it has made, the oldest first."""
    found = [
        item
        for item in g.batch.list_namespaced_job(g.ns).items
        if any(owner.name == name for owner in item.metadata.owner_references or ())
    ]
    return sorted(found, key=lambda item: item.metadata.name)


def is_active(item: Any) -> bool:
    return bool(item.status.active)


def test_a_cron_job_runs_jobs_beside_each_other(g: Framework) -> None:
    g.batch.create_namespaced_cron_job(g.ns, cron_job("concurrent", "sleep 300", "Allow"))
    g.eventually(lambda: len([item for item in jobs_of(g, "concurrent") if is_active(item)]) >= 2, "two at once")
    assert len(g.batch.read_namespaced_cron_job("concurrent", g.ns).status.active) >= 2


def test_a_cron_job_waits_for_the_job_before_it(g: Framework) -> None:
    g.batch.create_namespaced_cron_job(g.ns, cron_job("forbid", "sleep 300", "Forbid"))
    (first,) = g.eventually(lambda: jobs_of(g, "forbid"), "one runs")
    g.sleep(100)
    assert [item.metadata.uid for item in jobs_of(g, "forbid")] == [first.metadata.uid]
    events = g.core.list_namespaced_event(g.ns, field_selector="involvedObject.name=forbid").items
    assert {event.reason for event in events} == {"SuccessfulCreate", "JobAlreadyActive"}


def test_a_cron_job_replaces_the_job_before_it(g: Framework) -> None:
    g.batch.create_namespaced_cron_job(g.ns, cron_job("replace", "sleep 300", "Replace"))
    (first,) = g.eventually(lambda: jobs_of(g, "replace"), "one runs")

    def replaced() -> bool:
        found = jobs_of(g, "replace")
        return len(found) == 1 and found[0].metadata.uid != first.metadata.uid

    g.eventually(replaced, "another one runs")


def test_a_cron_job_that_is_suspended_runs_nothing(g: Framework) -> None:
    g.batch.create_namespaced_cron_job(g.ns, cron_job("suspended", "sleep 300", "Allow", suspend=True))
    g.sleep(130)
    assert jobs_of(g, "suspended") == []


def test_a_cron_job_keeps_only_so_many_finished_jobs(g: Framework) -> None:
    body = cron_job("history", "exit 0", "Allow", successfulJobsHistoryLimit=1)
    g.batch.create_namespaced_cron_job(g.ns, body)
    first = g.eventually(lambda: jobs_of(g, "history"), "one has run")[0]
    g.eventually(lambda: g.read(g.batch.read_namespaced_job, first.metadata.name) is None, "the first is gone")
    g.eventually(lambda: len(jobs_of(g, "history")) <= 1, "one is kept")
