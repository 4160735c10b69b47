"""Undo takes back one command: etcd, time and files are as they were, and nothing is lost of the journal."""

import orjson
import pytest

from playground.sandboxes import journal, rewind
from playground.sandboxes.models import Command, File, Mark, Revision, Sandbox
from tests.site.manifests import DEPLOYMENT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


def state(site):
    """What the learner could see of the cluster: all objects, and the time."""
    (live,) = site.lives
    return objects(live), live.cluster.clock.now_us


def objects(live):
    """All objects as they are stored, without the number of the revision that each carries."""
    found = {item.key: item.value for item in live.cluster.store.snapshot().items}
    assert all(
        value["metadata"]["resourceVersion"] == str(live.cluster.store.get(key).mod_revision)
        for key, value in found.items() if "resourceVersion" in value.get("metadata", {})
    ), "an object carries the number of its revision"  # fmt: skip
    return {key: rewind._at(value, 0) for key, value in found.items()}


async def deployed(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="apply", path="web.yaml", text=DEPLOYMENT, terminal="1")
    await site.pass_time(30)
    await browser.say(type="pace", speed=1, paused=True)
    return browser


def told(browser, number):
    """What the terminal shows of a command, of the history that the browser was sent last."""
    command = next(one for one in browser.last("history")["commands"] if one["number"] == number)
    return command["line"], "".join(text for _, text in command["output"]), command["exit_code"]


async def test_an_undo_brings_back_the_cluster_and_the_time_before_the_command(site, sandbox, learner):
    browser = await deployed(site, sandbox, learner)
    before = state(site)
    await browser.say(type="pace", speed=1, paused=False)
    await browser.run("kubectl delete deployment web")
    await site.pass_time(90)
    assert browser.pods() == {}
    await browser.run("undo")
    assert len(browser.pods()) == 3
    assert {pod["state"] for pod in browser.pods().values()} == {"ready"}
    (live,) = site.lives
    now = objects(live)
    assert {key: now.get(key) for key in before[0]} == before[0]
    assert live.cluster.clock.now_us - before[1] < 2_000_000
    assert told(browser, 3) == ("undo", "Taken back: kubectl delete deployment web\n", 0)
    assert await browser.run("kubectl get deployment web -o jsonpath={.status.readyReplicas}") == "3"


async def test_nothing_of_the_journal_is_lost_and_revisions_only_grow(site, sandbox, learner):
    browser = await deployed(site, sandbox, learner)
    rows = list(Revision.objects.values_list("revision", "key").order_by("revision"))
    await browser.run("kubectl scale deployment web --replicas=1")
    typed = list(Command.objects.values_list("line", flat=True))
    highest = Revision.objects.order_by("-revision").first().revision
    await browser.run("undo")
    assert browser.revision > highest
    assert list(Revision.objects.values_list("revision", "key").order_by("revision"))[: len(rows)] == rows
    assert list(Command.objects.values_list("line", flat=True)) == [*typed, "undo"]
    assert Command.objects.get(line="undo").target == 2


async def test_two_undos_go_two_commands_back_and_two_redos_come_back(site, sandbox, learner):
    browser = await deployed(site, sandbox, learner)
    await browser.run("kubectl create namespace one")
    await browser.run("kubectl create namespace two")

    def spaces():
        (live,) = site.lives
        return [name for name in ("one", "two") if live.cluster.store.get(f"/registry/namespaces/{name}")]

    seen = [spaces()]
    for word in ("undo", "undo", "redo", "redo"):
        await browser.run(word)
        seen.append(spaces())
    assert seen == [["one", "two"], ["one"], [], ["one"], ["one", "two"]]
    assert told(browser, 7)[1] == "Done again: kubectl create namespace two\n"


async def test_buttons_do_what_the_words_do(site, sandbox, learner):
    browser = await deployed(site, sandbox, learner)
    await browser.run("kubectl create namespace one")
    await browser.say(type="undo", terminal="1")
    assert told(browser, 3)[0] == "undo"
    await browser.say(type="redo", terminal="1")
    assert told(browser, 4) == ("redo", "Done again: kubectl create namespace one\n", 0)


async def test_what_cannot_be_taken_back_is_said_in_the_terminal(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    assert await browser.run("undo") == "There is no command to take back.\n"
    words = "There is nothing to do again: nothing was taken back since the last command.\n"
    assert await browser.run("redo") == words
    assert await browser.run("reset") == "Nothing was typed since this step began.\n"
    assert browser.last("exit")["code"] == 1
    assert await browser.run("kubectl create namespace fine") == "namespace/fine created\n"
    await browser.run("undo")
    assert told(browser, 5)[1] == "Taken back: kubectl create namespace fine\n"


async def test_files_that_commands_wrote_are_taken_back_and_come_again(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.run("echo one > note")
    await browser.run("echo two > note; echo x > other")
    await browser.run("undo")
    assert {f["path"]: f["text"] for f in browser.last("history")["files"]} == {"note": "one\n"}
    assert await browser.run("cat note") == "one\n"
    await browser.run("undo")
    await browser.run("undo")
    assert browser.last("history")["files"] == []
    await browser.run("redo")
    await browser.run("redo")
    assert await browser.run("cat note") == "one\n"


async def test_what_was_written_in_the_editor_stays_on_an_undo_and_goes_on_a_reset(site, sandbox, learner):
    await File.objects.acreate(sandbox=sandbox, path="web.yaml", content="original")
    browser = await site.browser(sandbox, learner)
    await browser.run("kubectl get nodes")
    await browser.say(type="save", path="web.yaml", text=DEPLOYMENT)
    await browser.run("undo")
    assert browser.last("history")["files"] == [{"path": "web.yaml", "text": DEPLOYMENT}]
    await browser.run("reset lesson")
    assert browser.last("history")["files"] == [{"path": "web.yaml", "text": "original"}]
    await browser.run("redo")
    assert browser.last("history")["files"] == [{"path": "web.yaml", "text": DEPLOYMENT}]


async def test_what_containers_wrote_on_disks_is_taken_back(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.run("kubectl run web --image=nginx && kubectl wait --for=condition=Ready pod/web")
    await site.pass_time(20)
    await browser.run("kubectl exec web -- sh -c 'echo one > /tmp/note'")
    await browser.run("kubectl exec web -- sh -c 'echo two > /tmp/note'")
    await browser.run("undo")
    assert await browser.run("kubectl exec web -- cat /tmp/note") == "one\n"


async def test_a_reset_of_the_lesson_leads_to_its_start(site, make_sandbox, learner):
    sandbox = make_sandbox(learner, seed=3)
    browser = await site.browser(sandbox, learner)
    await browser.say(type="pace", speed=1, paused=True)
    before = state(site)
    await browser.run("kubectl create namespace one")
    await browser.run("kubectl create namespace two")
    await browser.run("reset lesson")
    keys, time_us = state(site)
    assert keys.keys() - before[0].keys() <= {key for key in keys if "/events/" in key}
    assert before[1] - 1_000_000 <= time_us <= before[1]
    assert told(browser, 3) == ("reset lesson", "Back at the beginning. To return, type: redo\n", 0)
    await browser.run("redo")
    (live,) = site.lives
    assert live.cluster.store.get("/registry/namespaces/two")


async def test_a_reset_leads_to_the_beginning_of_the_step(site, make_sandbox, learner):
    sandbox = make_sandbox(learner, lesson="05-deployment", seed=3)
    browser = await site.browser(sandbox, learner)
    await browser.run("kubectl create namespace one")
    (live,) = site.lives
    assert rewind.set_marks(sandbox.pk, live.sandbox.epoch, ["05-deployment/create"], 1)
    await browser.run("kubectl create namespace two")
    await browser.run("kubectl create namespace three")
    await browser.run("reset")
    (live,) = site.lives
    found = [n for n in ("one", "two", "three") if live.cluster.store.get(f"/registry/namespaces/{n}")]
    assert found == ["one"]
    assert rewind.marks(sandbox.pk) == {"05-deployment/create": 1}
    await browser.run("undo")
    assert rewind.marks(sandbox.pk) == {}
    await browser.run("redo")
    assert rewind.marks(sandbox.pk) == {"05-deployment/create": 1}


async def test_a_mark_of_a_cluster_that_was_taken_back_meanwhile_is_not_written(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.run("kubectl create namespace one")
    (live,) = site.lives
    await browser.run("undo")
    assert not rewind.set_marks(sandbox.pk, live.sandbox.epoch, ["x/one"], 1)
    assert not Mark.objects.exists()


async def test_everybody_who_looks_sees_it(site, sandbox, learner, instructor):
    browser = await deployed(site, sandbox, learner)
    watcher = await site.browser(sandbox, instructor)
    await browser.run("kubectl scale deployment web --replicas=1")
    await browser.run("undo")
    await site.settle()
    assert watcher.items == browser.items
    assert watcher.last("snapshot")["read_only"] is True
    await watcher.say(type="undo", terminal="1")
    assert "not changed" in watcher.last("error")["message"]


async def test_commands_that_were_typed_ahead_are_taken_back_one_by_one(site, sandbox, learner):
    browser = await deployed(site, sandbox, learner)
    lines = ["kubectl create namespace one", "echo a > note", "kubectl create namespace two", "echo b > note"]
    for line in lines:
        message = {"type": "command", "terminal": "1", "line": line}
        await browser.socket.send_to(text_data=orjson.dumps(message).decode())
    await browser.drain()
    await site.settle()

    def found():
        (live,) = site.lives
        spaces = [name for name in ("one", "two") if live.cluster.store.get(f"/registry/namespaces/{name}")]
        return spaces, live.home.contents().get("note")

    seen = [found()]
    for _ in lines:
        await browser.run("undo")
        seen.append(found())
    assert seen == [
        (["one", "two"], "b\n"), (["one", "two"], "a\n"), (["one"], "a\n"), (["one"], None), ([], None)
    ]


async def test_an_undo_of_what_waits_leaves_alone_what_runs_before_it(site, sandbox, learner):
    browser = await deployed(site, sandbox, learner)
    await browser.say(type="command", terminal="1", line="kubectl create namespace one; kubectl get pods -w")
    await browser.say(type="command", terminal="1", line="kubectl create namespace two")
    await browser.say(type="undo", terminal="2")
    (live,) = site.lives
    assert live.cluster.store.get("/registry/namespaces/one")
    assert not live.cluster.store.get("/registry/namespaces/two")


async def test_an_undo_ends_what_still_runs_and_takes_it_back(site, sandbox, learner):
    browser = await deployed(site, sandbox, learner)
    await browser.say(type="command", terminal="1", line="sleep 1000")
    await browser.say(type="undo", terminal="1")
    assert told(browser, 2)[2] == 130
    assert told(browser, 3)[1] == "Taken back: sleep 1000\n"


async def test_a_crash_after_an_undo_finds_the_sandbox_taken_back(site, sandbox, learner):
    browser = await deployed(site, sandbox, learner)
    await browser.run("kubectl create namespace one")
    await browser.run("undo")
    (live,) = site.lives
    before = dict(live.view)
    site.crash()
    again = await site.browser(sandbox, learner)
    (live,) = site.lives
    assert {key: live.view[key] for key in before} == before
    assert "/registry/namespaces/one" not in live.view
    await again.say(type="redo", terminal="1")
    (live,) = site.lives
    assert "/registry/namespaces/one" in live.view


async def test_a_crash_in_the_middle_leaves_the_sandbox_where_it_was(site, sandbox, learner, monkeypatch):
    browser = await deployed(site, sandbox, learner)
    await browser.run("kubectl create namespace one")

    def die(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(rewind, "_bring_back_marks", die)
    with pytest.raises(KeyboardInterrupt):
        rewind.rewind(sandbox.pk, Sandbox.objects.get(pk=sandbox.pk).epoch, rewind.Wish("undo", "1", learner.pk))
    monkeypatch.undo()
    assert not Command.objects.filter(line="undo").exists()
    store = journal.read_store(sandbox.pk)
    assert any(item.key == "/registry/namespaces/one" for item in store.items)


async def test_the_time_line_forgets_what_was_taken_back(site, sandbox, learner):
    browser = await deployed(site, sandbox, learner)
    await browser.run("kubectl create namespace one")
    taken_back = {step["number"] for step in browser.steps if "command 2" in step["cause"]["ref"]}
    assert taken_back
    await browser.run("undo")
    shown = {step["number"]: step for step in browser.last("snapshot")["steps"]}
    assert not taken_back & set(shown)
    last = shown[max(shown)]
    assert last["summary"] == "terminal-1: Taken back: kubectl create namespace one"
    await browser.run("redo")
    assert taken_back <= {step["number"] for step in browser.last("snapshot")["steps"]}


async def test_what_is_no_longer_kept_cannot_be_gone_back_to(site, sandbox, learner, monkeypatch):
    monkeypatch.setattr(journal, "KEPT_REVISION_ROWS", 5)
    browser = await deployed(site, sandbox, learner)
    journal.fold(sandbox.pk, browser.revision)
    assert await browser.run("undo") == "That is so long ago that it is no longer kept.\n"
    assert await browser.run("reset lesson") == "That is so long ago that it is no longer kept.\n"
    assert len(browser.pods()) == 3


async def test_two_who_undo_at_once_take_back_one_each_or_one_alone(site, sandbox, learner):
    browser = await deployed(site, sandbox, learner)
    other = await site.browser(sandbox, learner)
    for name in ("one", "two", "three"):
        await browser.run(f"kubectl create namespace {name}")
    for one in (browser, other):
        await one.socket.send_to(text_data='{"type": "undo", "terminal": "1"}')
    await site.settle()
    await site.settle()
    undone = Command.objects.filter(kind="undo").count()
    (live,) = site.lives
    left = [n for n in ("one", "two", "three") if f"/registry/namespaces/{n}" in live.view]
    assert left == ["one", "two", "three"][: 3 - undone]
    assert undone in (1, 2)
    assert browser.items == other.items


async def test_the_words_are_those_of_the_learners_language(site, sandbox, learner):
    learner.language = "zh-hans"
    learner.save()
    browser = await site.browser(sandbox, learner)
    assert await browser.run("undo") == "没有可以撤销的命令。\n"
