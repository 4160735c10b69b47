"""What the worker asks for after a change: the lesson's steps, in the owner's language, written down once ticked."""

from types import SimpleNamespace

import pytest
import yaml
from channels.db import database_sync_to_async

from cluster_engine.cluster import Cluster, ClusterConfig
from cluster_engine.faults.fault import Fault
from playground.accounts.models import User
from playground.curriculum import catalogue, progress
from playground.curriculum.models import LessonProgress
from playground.sandboxes import rewind
from playground.sandboxes.models import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
SLUG = "05-deployment"


@pytest.fixture
def live():
    cluster = Cluster(ClusterConfig(seed=3))
    cluster.run_for(1)
    return SimpleNamespace(cluster=cluster, client=cluster.client)


@pytest.fixture
def sandbox():
    owner = User.objects.create(username="ada", language="en")
    return Sandbox.objects.create(owner=owner, title="S", lesson=SLUG, seed=1)


def create(live, **spec):
    manifest = yaml.safe_load(catalogue.find(SLUG).files["dc-nginx.yaml"])
    manifest["spec"].update(spec)
    live.client("test").create("deployments.apps", manifest, "default")


async def test_a_step_is_ticked_when_the_cluster_fulfils_it_and_written_down(live, sandbox):
    create(live)
    message = await progress.evaluate_live(sandbox, live)
    assert message["lesson"] == SLUG
    assert message["complete"] is False
    assert message["steps"]["create"] == {"done": True, "message": ""}
    assert message["steps"]["ready"]["done"] is False
    rows = [row async for row in LessonProgress.objects.values_list("user", "step", "sandbox")]
    assert rows == [(sandbox.owner_id, "create", sandbox.pk)]


async def test_what_was_ticked_stays_ticked_when_the_cluster_no_longer_fulfils_it(live, sandbox):
    create(live)
    await progress.evaluate_live(sandbox, live)
    live.client("test").delete("deployments.apps", "nginx-deployment", "default")
    live.cluster.run_for(30)
    message = await progress.evaluate_live(sandbox, live)
    assert message["steps"]["create"]["done"] is True
    assert await LessonProgress.objects.acount() == 1


async def test_what_is_missing_is_said_in_the_owners_language(live, sandbox):
    message = await progress.evaluate_live(sandbox, live)
    assert message["steps"]["create"]["message"] == "There is no Deployment nginx-deployment yet."
    assert message["steps"]["rollout"]["message"] == "This step comes after the one before it."
    await User.objects.filter(pk=sandbox.owner_id).aupdate(language="zh-hans")
    message = await progress.evaluate_live(sandbox, live)
    assert message["steps"]["create"]["message"] == "Deployment nginx-deployment 还不存在。"


async def test_a_wrong_count_is_said_and_not_ticked(live, sandbox):
    create(live, replicas=2)
    live.cluster.run_for(30)
    steps = (await progress.evaluate_live(sandbox, live))["steps"]
    assert steps["create"]["message"] == "Deployment nginx-deployment wants 2 pods; the step asks for 3."
    assert steps["ready"]["message"] == "There are 2 of the pods; the step asks for 3."
    assert await LessonProgress.objects.acount() == 0


async def test_looking_writes_nothing_to_the_cluster(live, sandbox):
    create(live)
    live.cluster.run_for(30)
    revision, steps = live.cluster.revision, len(live.cluster.trace.steps)
    await progress.evaluate_live(sandbox, live)
    assert (live.cluster.revision, len(live.cluster.trace.steps)) == (revision, steps)


async def test_a_fresh_sandbox_has_ticks_and_faults_of_its_own_whatever_was_done_before(live, sandbox):
    sandbox.lesson = "01-control-plane"
    await sandbox.asave()
    done_before = [step.id for step in catalogue.find("01-control-plane").steps]
    await database_sync_to_async(progress.record)(sandbox.owner_id, "01-control-plane", done_before)
    message = await progress.evaluate_live(sandbox, live)
    assert not any(step["done"] for step in message["steps"].values())
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "nginx", "image": "nginx"}]}}
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    manifest = {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "web"}, "spec": spec}
    live.client("test").create("deployments.apps", manifest, "default")
    live.cluster.run_for(20)
    await progress.evaluate_live(sandbox, live)
    assert list(live.cluster.faults.active) == ["stop-kube-scheduler"]
    assert await database_sync_to_async(progress.ticked)(sandbox.pk, "01-control-plane") == {"create": 0}


async def test_a_sandbox_without_a_lesson_has_no_progress(live, sandbox):
    sandbox.lesson = ""
    assert await progress.evaluate_live(sandbox, live) is None


async def test_the_next_step_breaks_the_cluster_when_its_turn_has_come(live, sandbox):
    sandbox.lesson = "01-control-plane"
    spec = {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "web"}}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "nginx", "image": "nginx"}]}}
    spec["spec"] = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    await progress.evaluate_live(sandbox, live)
    assert not live.cluster.faults.active
    live.client("test").create("deployments.apps", spec, "default")
    live.cluster.run_for(20)
    message = await progress.evaluate_live(sandbox, live)
    assert message["steps"]["create"]["done"] is True
    assert list(live.cluster.faults.active) == ["stop-kube-scheduler"]
    live.client("test").delete("faults.podarium.dev", "stop-kube-scheduler", "")
    live.cluster.run_for(1)
    await progress.evaluate_live(sandbox, live)
    assert not live.cluster.faults.active, "what the learner has mended stays mended"


async def test_a_crash_before_a_fault_is_written_down_does_not_lose_it(live, sandbox):
    sandbox.lesson = "01-control-plane"
    await database_sync_to_async(rewind.set_marks)(sandbox.pk, sandbox.epoch, ["01-control-plane/create"], 1)
    await progress.evaluate_live(sandbox, live)
    assert list(live.cluster.faults.active) == ["stop-kube-scheduler"]
    woken = Cluster(ClusterConfig(seed=3))  # as the journal left it: with the tick, and without the fault
    woken.run_for(1)
    live = SimpleNamespace(cluster=woken, client=woken.client)
    await progress.evaluate_live(sandbox, live)
    assert list(live.cluster.faults.active) == ["stop-kube-scheduler"]
    await progress.evaluate_live(sandbox, live)
    live.client("test").delete("faults.podarium.dev", "stop-kube-scheduler", "")
    woken.run_for(1)
    again = Cluster(ClusterConfig(seed=3), woken.snapshot())
    await progress.evaluate_live(sandbox, SimpleNamespace(cluster=again, client=again.client))
    assert not again.faults.active, "what was mended stays mended, also after a restart"


async def test_a_cluster_that_does_not_answer_says_so_and_ticks_nothing(live, sandbox):
    live.cluster.inject(Fault("Stop", "kube-apiserver"))
    message = await progress.evaluate_live(sandbox, live)
    words = "The API server does not answer at the moment, so nothing is known of the cluster."
    assert message["steps"]["create"] == {"done": False, "message": words}
