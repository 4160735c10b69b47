"""Snapshot and events, sleep, crash and recovery: what has been seen is never lost, and what is shown is what is."""

import random

import pytest

from cluster_engine.faults.fault import Fault
from playground.console import view
from playground.sandboxes import limits
from playground.sandboxes.models import Command, Revision, Sandbox
from playground.sandboxes.registry import limit_objects
from tests.site.manifests import DEPLOYMENT, STATEFUL_SET

TAGS = ["1.7.9", "1.9.1", "no-such-tag"]
COMMANDS = [
    "kubectl apply -f web.yaml",
    "kubectl delete -f web.yaml --wait=false",
    "kubectl scale deployment web --replicas={n}",
    "kubectl set image deployment/web nginx=nginx:{tag}",
    "kubectl rollout undo deployment/web",
    "kubectl apply -f db.yaml",
    "kubectl scale statefulset db --replicas={n}",
    "kubectl delete statefulset db --wait=false",
    "kubectl delete pods --all --wait=false",
    "kubectl create namespace ns{n}",
    "kubectl delete namespace ns{n} --wait=false",
    "kubectl create configmap c{n} --from-literal=a=b",
    "kubectl delete configmap c{n}",
    "kubectl delete replicasets --all --wait=false",
    'kubectl patch deployment web -p \'{{"spec":{{"paused":true}}}}\'',
    "kubectl delete service nginx",
    "kubectl get pods -o wide",
]


def fresh_items(live):
    """What a browser that comes now would be shown."""
    opened = FreshLook(live)
    return view.items(live.view.items(), opened.cells)


class FreshLook:
    def __init__(self, live):
        self.live = live

    def cells(self, resource, obj):
        strategy = self.live.cluster.server.strategies[resource]
        return dict(zip((c.name for c in strategy.columns), strategy.cells(obj, self.live.cluster.clock.now_us)))


def stored(live):
    return {item.key: item.value for item in live.cluster.store.snapshot().items}


@pytest.mark.parametrize("seed", range(4))
async def test_a_snapshot_and_the_events_after_it_equal_a_fresh_snapshot(site, make_sandbox, learner, seed):
    rng = random.Random(seed)
    sandbox = make_sandbox(learner, seed=seed, files={"web.yaml": DEPLOYMENT, "db.yaml": STATEFUL_SET})
    always = await site.browser(sandbox, learner)
    comes_and_goes = await site.browser(sandbox, learner)
    lines = ["kubectl apply -f web.yaml", "kubectl apply -f db.yaml"]
    lines += [rng.choice(COMMANDS).format(n=rng.randrange(5), tag=rng.choice(TAGS)) for _ in range(22)]
    lines += ["kubectl delete namespaces --all --wait=false", "kubectl delete pods --all --wait=false"]
    for line in lines:
        await always.run(line)
        await site.pass_time(rng.choice([0, 0.2, 1, 7]))
        if rng.random() < 0.2:
            # It loses its connection for a while, and says what it still has.
            await comes_and_goes.leave()
            site.browsers.remove(comes_and_goes)
            await always.run("kubectl get nodes")
            await site.pass_time(rng.choice([0.2, 3]))
            again = await site.browser(sandbox, learner, hello=False)
            again.items, again.revision = comes_and_goes.items, comes_and_goes.revision
            await again.connect_again()
            comes_and_goes = again
        (live,) = site.lives
        expected = fresh_items(live)
        assert always.items == expected, f"seed {seed}, after {line}"
        assert comes_and_goes.items == expected, f"seed {seed}, after {line}"
        assert live.view == stored(live), f"seed {seed}, after {line}"
    deleted = [c for m in always.all("events") for c in m["changes"] if c["item"] is None]
    assert deleted, f"seed {seed}: nothing was ever deleted, so nothing was proven"


async def test_a_browser_that_was_away_too_long_gets_a_fresh_snapshot(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await site.settle()
    (live,) = site.lives
    live.feed._limit = 5
    for number in range(4):
        await browser.say(type="command", terminal="1", line=f"kubectl create namespace n{number}")
    late = await site.browser(sandbox, learner, hello=False)
    late.revision = 1
    await late.connect_again()
    assert len(late.all("snapshot")) == 1
    assert late.items == browser.items == fresh_items(live)


async def test_a_browser_that_cannot_keep_up_with_the_feed_starts_over_from_a_snapshot(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await site.settle()
    (live,) = site.lives
    live.feed._limit = 3
    before = len(browser.all("snapshot"))
    line = "kubectl create namespace a; kubectl create namespace b; kubectl create namespace c"
    await browser.say(type="command", terminal="1", line=line)
    assert len(browser.all("snapshot")) > before
    assert browser.items == fresh_items(live)


async def test_a_sandbox_nobody_looks_at_falls_asleep_and_wakes_as_it_was(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="apply", path="web.yaml", text=DEPLOYMENT, terminal="1")
    await site.pass_time(30)
    (live,) = site.lives
    before, time_us, items = stored(live), live.cluster.clock.now_us, browser.items
    await browser.leave()
    site.browsers.clear()
    site.now += 29
    assert not await site.worker.put_to_sleep()
    site.now += 2
    assert await site.worker.put_to_sleep()
    assert site.lives == []
    site.now += 10_000
    again = await site.browser(sandbox, learner)
    (live,) = site.lives
    assert live.cluster.clock.now_us - time_us <= 31_000_000
    assert {key: value for key, value in stored(live).items() if key in before} == before
    assert {key: again.items[key] for key in items} == items
    assert [command["line"] for command in again.last("history")["commands"]] == ["kubectl apply -f web.yaml"]
    assert again.last("history")["files"] == [{"path": "web.yaml", "text": DEPLOYMENT}]


async def test_a_sandbox_that_falls_asleep_ends_what_runs_in_its_terminals(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.run("kubectl get pods -w")
    await browser.leave()
    site.browsers.clear()
    site.now += 31
    await site.worker.put_to_sleep()
    assert Command.objects.get().exit_code == 1


async def test_an_idle_sandbox_asks_for_no_turn_before_its_next_timer(site, sandbox, learner):
    await site.browser(sandbox, learner)
    await site.pass_time(5)
    rows = Revision.objects.count()
    due = site.worker.due_seconds()
    assert due is None or due > site.now
    await site.pass_time(600, step_seconds=60)
    assert Revision.objects.count() == rows, "an idle cluster wrote something"


async def test_after_a_crash_in_a_rolling_update_it_goes_on_to_its_end(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="apply", path="web.yaml", text=DEPLOYMENT, terminal="1")
    await site.pass_time(60)
    await browser.run("kubectl set image deployment/web nginx=nginx:1.7.9")
    await browser.say(type="command", terminal="2", line="kubectl rollout status deployment/web")
    while not _half_rolled(browser):
        await site.pass_time(0.1, step_seconds=0.1)
    seen, heard = dict(browser.items), list(browser.heard)
    revision, steps = browser.revision, max(step["number"] for step in browser.steps)
    site.crash()

    again = await site.browser(sandbox, learner)
    snapshot = next(message for message in again.heard if message["type"] == "snapshot")
    assert snapshot["revision"] == revision
    assert snapshot["items"] == seen
    commands = again.last("history")["commands"]
    assert [command["line"] for command in commands] == [m["line"] for m in heard if m["type"] == "started"]
    for command in commands:
        printed = "".join(text for _, text in command["output"])
        assert printed.startswith(
            "".join(m["text"] for m in heard if m["type"] == "output" and m["command"] == command["number"])
        )
    assert commands[-1]["exit_code"] == 130
    await site.pass_time(120)
    assert len(again.pods()) == 3
    assert {tuple(pod["images"]) for pod in again.pods().values()} == {("nginx:1.7.9",)}
    assert {pod["state"] for pod in again.pods().values()} == {"ready"}
    assert min(step["number"] for step in again.steps if step not in snapshot["steps"]) > steps
    assert again.revision > revision
    uids = [item["uid"] for item in again.items.values() if item.get("uid")]
    assert len(uids) == len(set(uids))


def _half_rolled(browser):
    images = [tuple(pod["images"]) for pod in browser.pods().values() if pod["state"] != "pending"]
    return ("nginx:1.7.9",) in images and ("nginx:1.9.1",) in images


async def test_names_are_not_drawn_twice_after_a_restart(site, sandbox, learner):
    names = set()
    for _ in range(3):
        browser = await site.browser(sandbox, learner)
        await browser.say(type="apply", path="web.yaml", text=DEPLOYMENT, terminal="1")
        await site.pass_time(3)
        pods = set(browser.pods())
        assert len(pods) == 3
        assert not pods & names
        names |= pods
        await browser.run("kubectl delete deployment web")
        await site.pass_time(60)
        assert browser.pods() == {}
        site.crash()


async def test_a_crash_before_the_first_row_leaves_a_new_sandbox(site, sandbox, learner):
    browser = await site.browser(sandbox, learner, hello=False)
    await browser.until(lambda: site.lives)
    site.crash()
    again = await site.browser(sandbox, learner)
    await site.settle()
    assert len([item for item in again.items.values() if item["kind"] == "Node"]) == 3


async def test_a_second_process_that_wakes_the_sandbox_takes_it_from_the_first(site, sandbox, learner):
    from playground.sandboxes import recovery

    browser = await site.browser(sandbox, learner)
    recovery.recover(sandbox.pk)
    await browser.say(type="command", terminal="1", line="kubectl create namespace late")
    assert browser.close_code == 1012
    assert not Revision.objects.filter(key="/registry/namespaces/late").exists()
    assert not Command.objects.exists()


async def test_two_browsers_that_arrive_together_look_at_the_same_cluster(site, sandbox, learner):
    import asyncio

    browsers = await asyncio.gather(*(site.browser(sandbox, learner, hello=False) for _ in range(5)))
    for browser in browsers:
        await browser.connect_again()
    (live,) = site.lives
    assert live.viewers == 5
    assert Sandbox.objects.get().epoch == 1


async def test_a_fault_in_one_cluster_leaves_the_others_alone(site, make_sandbox, learner):
    good, bad = make_sandbox(learner), make_sandbox(learner)
    browser, broken = await site.browser(good, learner), await site.browser(bad, learner)
    await site.settle()

    def breaks(*_, **__):
        raise RuntimeError("a fault in the engine")

    next(live for live in site.lives if live.sandbox.pk == bad.pk).cluster.run_until = breaks
    assert await browser.run("kubectl create namespace fine") == "namespace/fine created\n"
    await broken.say(type="hello", revision=None)
    assert broken.close_code == 1012
    assert [live.sandbox.pk for live in site.lives] == [good.pk]


async def test_a_batch_that_cannot_be_written_spoils_nobody_elses(site, make_sandbox, learner):
    good, taken_over = make_sandbox(learner), make_sandbox(learner)
    browser, loser = await site.browser(good, learner), await site.browser(taken_over, learner)
    Sandbox.objects.filter(pk=taken_over.pk).update(epoch=99)
    for one in (browser, loser):
        text = b'{"type": "command", "terminal": "1", "line": "kubectl create namespace here"}'
        await one.socket.send_to(text_data=text.decode())
    await site.settle()
    await site.settle()
    assert browser.printed(1) == "namespace/here created\n"
    assert loser.close_code == 1012
    assert Command.objects.get().sandbox_id == good.pk


async def test_a_cluster_that_is_full_refuses_more_and_goes_on(site, sandbox, learner, monkeypatch):
    from playground.sandboxes import limits

    monkeypatch.setattr(limits, "MAX_OBJECTS", 120)
    browser = await site.browser(sandbox, learner)
    text = DEPLOYMENT.replace("replicas: 3", "replicas: 100000")
    await browser.say(type="apply", path="web.yaml", text=text, terminal="1")
    await site.pass_time(30)
    assert 20 < len(browser.pods()) < 120
    printed = await browser.run("kubectl create namespace more")
    words = 'namespaces "more" is forbidden: exceeded quota: sandbox, requested: objects=1, '
    assert words in printed
    await browser.run("kubectl delete deployment web")
    await site.pass_time(60)
    assert await browser.run("kubectl create namespace more") == "namespace/more created\n"


async def test_history_has_a_bound_and_the_sandbox_stays_as_it_is(site, sandbox, learner, monkeypatch):
    from playground.sandboxes import journal, limits

    monkeypatch.setattr(limits, "MAX_REVISION_ROWS", 150)
    monkeypatch.setattr(journal, "KEPT_REVISION_ROWS", 60)
    browser = await site.browser(sandbox, learner)
    await browser.say(type="apply", path="web.yaml", text=DEPLOYMENT, terminal="1")
    for replicas in (1, 6, 0, 8, 2):
        await browser.run(f"kubectl scale deployment web --replicas={replicas}")
        await site.pass_time(40)
    assert Revision.objects.count() <= 150 + 60
    (live,) = site.lives
    before = stored(live)
    site.crash()
    await site.browser(sandbox, learner)
    (live,) = site.lives
    assert live.view == before


async def test_progress_is_told_when_the_lessons_steps_change(site, make_sandbox, learner):
    sandbox = make_sandbox(learner, lesson="01-a-lesson")
    calls = []

    async def evaluate(row, live):
        calls.append(live.cluster.revision)
        done = "/registry/namespaces/done" in live.view
        return {"lesson": row.lesson, "steps": {"one": {"done": done, "message": ""}}, "complete": done}

    site.worker.progress_hook = evaluate
    browser = await site.browser(sandbox, learner)
    await site.settle()
    assert browser.last("progress")["complete"] is False
    await browser.run("kubectl create namespace done")
    assert browser.last("progress")["complete"] is True
    told, evaluated = len(browser.all("progress")), len(calls)
    await site.pass_time(10)
    assert len(browser.all("progress")) == told
    assert len(calls) == evaluated, "lessons are looked at when something changed, and not otherwise"
    late = await site.browser(sandbox, learner)
    assert late.last("progress")["complete"] is True


async def test_a_fault_in_the_lessons_check_harms_nothing(site, make_sandbox, learner):
    sandbox = make_sandbox(learner, lesson="01-a-lesson")

    async def evaluate(row, live):
        raise KeyError("fault")

    site.worker.progress_hook = evaluate
    browser = await site.browser(sandbox, learner)
    assert await browser.run("kubectl create namespace fine") == "namespace/fine created\n"


async def test_a_fault_neither_ends_the_limit_of_objects_nor_is_ended_by_a_crash(site, sandbox, learner, monkeypatch):
    browser = await site.browser(sandbox, learner)
    (live,) = site.lives
    live.cluster.inject(Fault("Stop", "kube-apiserver"))
    await site.settle()
    refused = "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?\n"
    assert await browser.run("kubectl get pods") == refused
    site.crash()
    browser = await site.browser(sandbox, learner)
    assert await browser.run("kubectl get pods") == refused
    (live,) = site.lives
    live.cluster.lift("stop-kube-apiserver")
    await site.pass_time(10)
    monkeypatch.setattr(limits, "MAX_OBJECTS", 1)
    live.cluster.server.limit = limit_objects(live.cluster)
    live.cluster.inject(Fault("Stop", "kube-apiserver"))
    await site.settle()
    live.cluster.lift("stop-kube-apiserver")
    await site.pass_time(10)
    assert "exceeded quota: sandbox" in await browser.run("kubectl create namespace more")
