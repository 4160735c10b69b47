"""In whole lessons, each command of the solutions is taken back and done again: cluster, files and ticks with it."""

import pytest

from playground.curriculum import catalogue, progress, start
from playground.sandboxes import rewind
from tests.site.conftest import learner, site

__all__ = ["learner", "site"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
STEP_SECONDS = 2.0
MOST_SECONDS = 420
REST_SECONDS = 60.0


def picture(site, sandbox):
    """The cluster as a learner can see it at this moment, without what the clock alone changes."""
    (live,) = site.lives
    objects = {
        item.key: rewind._at(item.value, 0)
        for item in live.cluster.store.snapshot().items
        if not item.key.startswith(("/registry/leases", "/registry/events"))
    }
    return objects, live.home.contents(), set(rewind.marks(sandbox.pk))


async def typed(site, browser, line):
    """Types a line and waits for its end, however long it takes in the cluster."""
    await browser.say(type="command", terminal="1", line=line)
    (live,) = site.lives
    for _ in range(int(MOST_SECONDS / STEP_SECONDS)):
        if not live.terminals.busy:
            # What is on its way when a cluster is woken anew may go another way.
            await site.pass_time(REST_SECONDS, REST_SECONDS)
            return
        await site.pass_time(STEP_SECONDS, STEP_SECONDS)
    raise AssertionError(f"{line!r} does not end")


@pytest.mark.parametrize("slug", ["05-deployment", "11-statefulset", "12-ondelete", "15-delete-adopt"])
async def test_every_command_of_a_lesson_can_be_taken_back_and_done_again(site, learner, slug):
    lesson = catalogue.find(slug)
    site.worker.progress_hook = progress.evaluate_live
    prepared, site.worker.registry.prepare = site.worker.registry.prepare, start.prepare
    sandbox = start.sandbox_for(learner, lesson)
    browser = await site.browser(sandbox, learner)
    try:
        for step in lesson.steps:
            for part in step.solution:
                if part.path:
                    await browser.say(type="save", path=part.path, text=part.text)
                    continue
                before = picture(site, sandbox)
                await typed(site, browser, part.line)
                after = picture(site, sandbox)
                await browser.say(type="undo", terminal="1")
                assert picture(site, sandbox) == before, (step.id, part.line)
                await browser.say(type="redo", terminal="1")
                assert picture(site, sandbox) == after, (step.id, part.line)
            for _ in range(30):
                if step.id in progress.ticked(sandbox.pk, slug):
                    break
                await site.pass_time(STEP_SECONDS, STEP_SECONDS)
            assert step.id in progress.ticked(sandbox.pk, slug), step.id
        assert browser.last("progress")["complete"] is True
        assert "golf" in browser.last("progress")
    finally:
        site.worker.registry.prepare = prepared


async def test_a_broken_cluster_is_whole_again_after_an_undo_and_broken_after_a_redo(site, learner):
    lesson = catalogue.find("01-control-plane")
    site.worker.progress_hook = progress.evaluate_live
    prepared, site.worker.registry.prepare = site.worker.registry.prepare, start.prepare
    sandbox = start.sandbox_for(learner, lesson)
    browser = await site.browser(sandbox, learner)
    refused = "The connection to the server 127.0.0.1:6443 was refused"
    try:
        await typed(site, browser, "kubectl create deployment web --image=nginx --replicas=3")
        assert "create" in progress.ticked(sandbox.pk, lesson.slug)
        assert "stop-kube-scheduler" in await browser.run("kubectl get faults")
        await browser.run("kubectl create -f stop-apiserver.yaml")
        assert refused in await browser.run("kubectl get pods")
        await browser.say(type="undo", terminal="1")  # the look
        await browser.say(type="undo", terminal="1")  # the fault
        assert "Running" in await browser.run("kubectl get pods")
        await browser.say(type="redo", terminal="1")
        assert refused in await browser.run("kubectl get pods")
        await browser.say(type="reset", terminal="1", what="lesson")
        assert progress.ticked(sandbox.pk, lesson.slug) == {}
        assert await browser.run("kubectl get faults") == "No resources found\n"
        await typed(site, browser, "kubectl create deployment web --image=nginx --replicas=3")
        assert "stop-kube-scheduler" in await browser.run("kubectl get faults"), "the next step breaks it anew"
    finally:
        site.worker.registry.prepare = prepared
