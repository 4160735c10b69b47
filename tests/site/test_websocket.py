"""The workspace's websocket: who may come in, what may be said, and what is told."""

import orjson
import pytest

from playground.sandboxes.models import Command, File, Revision, Sandbox
from tests.site.manifests import DEPLOYMENT


async def test_a_browser_that_comes_gets_the_history_and_a_snapshot(site, sandbox, learner):
    browser = await site.browser(sandbox, learner, hello=False)
    await browser.until(lambda: site.lives)
    await site.settle()
    await browser.say(type="hello", revision=None)
    assert [message["type"] for message in browser.heard] == ["history", "look", "ports", "snapshot"]
    assert browser.heard[0] == {"type": "history", "commands": [], "files": []}
    snapshot = browser.heard[3]
    assert snapshot["read_only"] is False
    assert (snapshot["speed"], snapshot["paused"]) == (1.0, False)
    nodes = sorted(item["name"] for item in browser.items.values() if item["kind"] == "Node")
    assert nodes == ["k8s-node01", "k8s-node02", "k8s-node03"]


async def test_a_pasted_manifest_is_applied_and_its_pods_come_up(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="apply", path="web.yaml", text=DEPLOYMENT, terminal="1")
    assert browser.last("saved") == {"type": "saved", "path": "web.yaml"}
    assert browser.all("file") == []
    assert browser.last("started") == {
        "type": "started",
        "terminal": "1",
        "command": 1,
        "line": "kubectl apply -f web.yaml",
    }
    assert browser.printed(1) == "deployment.apps/web created\n"
    assert browser.last("exit") == {"type": "exit", "terminal": "1", "command": 1, "code": 0}
    await site.pass_time(60)
    assert [pod["state"] for pod in browser.pods().values()] == ["ready"] * 3
    assert {pod["status"] for pod in browser.pods().values()} == {"Running"}
    deployment = next(item for item in browser.items.values() if item["kind"] == "Deployment")
    assert (deployment["ready"], deployment["at_least"], deployment["at_most"]) == (3, 3, 4)
    assert any(step["component"] == "deployment-controller" for step in browser.steps)


async def test_nothing_is_told_before_its_rows_are_written(site, sandbox, learner, monkeypatch):
    browser = await site.browser(sandbox, learner)
    seen = []
    take = browser.take

    def check(message):
        if message["type"] == "started":
            seen.append(Command.objects.filter(sandbox=sandbox, number=message["command"]).exists())
        elif message["type"] == "exit":
            seen.append(Command.objects.get(sandbox=sandbox, number=message["command"]).exit_code == message["code"])
        elif message["type"] == "output":
            seen.append(message["text"] in Command.objects.get(sandbox=sandbox, number=message["command"]).printed)
        elif message["type"] == "events":
            seen.append(Revision.objects.filter(sandbox=sandbox, revision=message["to"]).exists())
        elif message["type"] == "saved":
            seen.append(File.objects.filter(sandbox=sandbox, path=message["path"]).exists())
        take(message)

    monkeypatch.setattr(browser, "take", check)
    await browser.say(type="apply", path="web.yaml", text=DEPLOYMENT, terminal="1")
    await site.pass_time(20)
    assert len(seen) >= 6
    assert all(seen)


async def test_what_the_writer_could_not_write_is_told_to_nobody(site, sandbox, learner, monkeypatch):
    from django.db import OperationalError

    from playground.sandboxes import journal

    browser = await site.browser(sandbox, learner)

    def fails(batches):
        raise OperationalError("disk full")

    monkeypatch.setattr(journal, "write", fails)
    heard = len(browser.heard)
    await browser.say(type="command", terminal="1", line="kubectl create namespace lost")
    assert [message["type"] for message in browser.heard[heard:]] == []
    assert browser.close_code == 1012
    monkeypatch.undo()
    again = await site.browser(sandbox, learner)
    assert "/registry/namespaces/lost" not in again.items
    assert "kubectl create namespace lost" not in [c["line"] for c in again.last("history")["commands"]]


async def test_a_stranger_is_closed_out_and_learns_nothing(site, sandbox, stranger):
    browser = await site.browser(sandbox, stranger, hello=False)
    await browser.until(lambda: browser.close_code)
    assert browser.close_code == 4404
    assert browser.heard == []


async def test_an_address_without_a_sandbox_is_closed_at_once(site, learner):
    browser = await site.browser("not-a-uuid", learner, hello=False)
    await browser.until(lambda: browser.close_code)
    assert (browser.close_code, browser.heard) == (4404, [])


async def test_somebody_without_a_session_is_closed_out(site, sandbox):
    from django.contrib.auth.models import AnonymousUser

    browser = await site.browser(sandbox, AnonymousUser(), hello=False)
    await browser.until(lambda: browser.close_code)
    assert (browser.close_code, browser.heard) == (4404, [])


async def test_a_sandbox_that_does_not_exist_looks_like_one_of_somebody_else(site, learner):
    browser = await site.browser("11111111-2222-4333-8444-555555555555", learner, hello=False)
    await browser.until(lambda: browser.close_code)
    assert (browser.close_code, browser.heard) == (4404, [])
    assert site.lives == []


@pytest.mark.parametrize(
    "message",
    [
        {"type": "command", "terminal": "1", "line": "kubectl create namespace mine"},
        {"type": "interrupt", "terminal": "1"},
        {"type": "save", "path": "a.yaml", "text": "x"},
        {"type": "apply", "path": "a.yaml", "text": "x", "terminal": "1"},
        {"type": "pace", "speed": 2, "paused": True},
        {"type": "show_lesson", "slug": "01-deployment"},
        {"type": "look", "look": "document"},
        {"type": "complete", "terminal": "1", "line": "kubectl g", "cursor": 9, "id": 1},
    ],
)
async def test_an_instructor_may_look_and_change_nothing(site, sandbox, instructor, message):
    browser = await site.browser(sandbox, instructor)
    assert browser.last("snapshot")["read_only"] is True
    await site.settle()
    before = Sandbox.objects.get(), Revision.objects.count()
    await browser.say(**message)
    assert browser.heard[-1] == {
        "type": "error",
        "message": "You are looking at somebody else's sandbox: it can be read, and not changed.",
    }
    sandbox_row, revisions = before
    now = Sandbox.objects.get()
    assert (now.speed, now.paused, now.lesson, now.look) == (
        sandbox_row.speed, sandbox_row.paused, sandbox_row.lesson, sandbox_row.look,
    )
    assert (Revision.objects.count(), Command.objects.count(), File.objects.count()) == (revisions, 0, 0)


async def test_an_instructor_sees_live_what_the_learner_types_and_what_it_prints(site, sandbox, learner, instructor):
    typing = await site.browser(sandbox, learner)
    first = await typing.run("kubectl create namespace one")
    watching = await site.browser(sandbox, instructor)
    (history,) = watching.last("history")["commands"]
    assert (history["line"], history["output"], history["exit_code"]) == (
        "kubectl create namespace one",
        [["stdout", first]],
        0,
    )
    second = await typing.run("kubectl create namespace two")
    assert watching.last("started")["line"] == "kubectl create namespace two"
    assert watching.printed(2) == second == "namespace/two created\n"
    assert "/registry/namespaces/two" in watching.items
    assert watching.items == typing.items


async def test_one_may_look_at_ones_own_sandbox_as_a_reviewer_does(site, sandbox, learner):
    browser = await site.browser(sandbox, learner, query="review=1")
    assert browser.last("snapshot")["read_only"] is True


@pytest.mark.parametrize(
    "frame",
    [
        " ",
        "{",
        "[]",
        "null",
        '"x"',
        "{}",
        '{"type": "nonsense"}',
        '{"type": "hello", "revision": "x"}',
        '{"type": "command", "terminal": "1"}',
        '{"type": "command", "terminal": 5, "line": "x"}',
        '{"type": "pace", "speed": 1e9, "paused": false}',
        '{"type": "pace", "speed": -1, "paused": false}',
        '{"type": "pace", "speed": 0, "paused": false}',
        '{"type": "show_lesson", "slug": "../../etc"}',
        '{"type": "command", "terminal": "../x", "line": "ls"}',
        '{"type": "save", "path": "../x", "text": ""}',
        '{"type": "connect"}',
        '{"type": "disconnect"}',
        '{"type": "sandbox.nudge"}',
        "[" * 100000,
    ],
)
async def test_a_bad_frame_gets_an_error_and_changes_nothing(site, sandbox, learner, frame):
    browser = await site.browser(sandbox, learner)
    await site.settle()
    heard, revisions = len(browser.heard), Revision.objects.count()
    await browser.socket.send_to(text_data=frame)
    await browser.drain()
    await site.settle()
    (answer,) = browser.heard[heard:]
    assert answer["type"] == "error"
    assert answer["message"]
    assert "Traceback" not in answer["message"]
    assert browser.close_code is None
    assert (Revision.objects.count(), Command.objects.count(), File.objects.count()) == (revisions, 0, 0)


async def test_a_frame_of_bytes_gets_an_error(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.socket.send_to(bytes_data=b"\xff\x00")
    await browser.drain()
    assert browser.heard[-1] == {"type": "error", "message": "a message is a text frame with one JSON object"}


async def test_a_paste_of_five_megabytes_is_refused_in_words_and_changes_nothing(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await site.settle()
    before = Revision.objects.count()
    await browser.say(type="apply", path="big.yaml", text="# " + "x" * (5 * 1024 * 1024), terminal="1")
    assert browser.heard[-1] == {
        "type": "error",
        "message": "that is 5.0 MiB; at most 3.0 MiB can be sent at once. Nothing was changed. "
        "Split the text into smaller files and try again.",
    }
    assert (Revision.objects.count(), Command.objects.count(), File.objects.count()) == (before, 0, 0)


async def test_a_file_that_is_too_large_is_neither_saved_nor_applied(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="apply", path="big.yaml", text="# " + "x" * (2 * 1024 * 1024), terminal="1")
    assert browser.heard[-1] == {
        "type": "error",
        "message": "big.yaml has 2.0 MiB; a file may have at most 1.0 MiB",
    }
    assert (Command.objects.count(), File.objects.count()) == (0, 0)


async def test_a_line_that_is_too_long_is_refused(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="command", terminal="1", line="x" * 70_000)
    assert browser.heard[-1]["message"] == (
        "the command line has 70,000 characters; a terminal takes at most 65,536 at once. "
        "Paste long manifests into the editor instead."
    )
    assert Command.objects.count() == 0


async def test_there_is_a_bound_on_terminals(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    for number in range(9):
        await browser.say(type="command", terminal=f"t{number}", line="kubectl version")
    assert browser.last("error")["message"] == "a sandbox has at most 8 terminals"
    assert Command.objects.count() == 8


async def test_text_that_no_database_can_hold_is_cleaned(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.socket.send_to(text_data='{"type": "save", "path": "a.txt", "text": "a\\u0000b\\ud800c"}')
    await browser.drain()
    await site.settle()
    assert browser.last("saved")["path"] == "a.txt" if browser.all("saved") else browser.last("error")["message"]
    assert "\x00" not in "".join(File.objects.values_list("content", flat=True))


async def test_a_saved_file_reaches_the_other_browsers_and_not_the_one_that_saved_it(site, sandbox, learner):
    one, other = await site.browser(sandbox, learner), await site.browser(sandbox, learner)
    await one.say(type="save", path="./a.yaml", text="kind: Pod")
    assert (one.all("saved"), one.all("file")) == ([{"type": "saved", "path": "a.yaml"}], [])
    assert (other.all("saved"), other.all("file")) == (
        [],
        [{"type": "file", "path": "a.yaml", "text": "kind: Pod"}],
    )
    await one.say(type="save", path="a.yaml", text="kind: Pod")
    assert len(one.all("saved")) == 2
    assert len(other.all("file")) == 1


async def test_the_look_of_the_terminals_is_told_to_everybody_and_kept(site, sandbox, learner):
    one, other = await site.browser(sandbox, learner), await site.browser(sandbox, learner)
    assert one.last("look") == {"type": "look", "look": "current"}
    assert await one.run("kubectl get pods") == "No resources found in default namespace.\n"
    await one.say(type="look", look="document")
    await other.drain()
    assert other.last("look") == {"type": "look", "look": "document"}
    assert await other.run("kubectl get pods") == "No resources found.\n"
    assert await one.run("kubectl get pods", terminal="2") == "No resources found.\n"
    site.crash()
    again = await site.browser(sandbox, learner)
    assert again.last("look") == {"type": "look", "look": "document"}
    assert await again.run("kubectl get pods") == "No resources found.\n"


async def test_a_look_that_there_is_not_is_refused(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="look", look="neon")
    assert browser.last("error")["message"] == "a look is one of: current, document"


async def test_a_pause_stops_time_and_a_speed_changes_it_for_everybody(site, sandbox, learner):
    one, other = await site.browser(sandbox, learner), await site.browser(sandbox, learner)
    await one.say(type="pace", speed=10, paused=False)
    start = other.last("clock")
    assert (start["speed"], start["paused"]) == (10, False)
    await site.pass_time(3)
    await one.say(type="pace", speed=10, paused=True)
    stopped = other.last("clock")
    assert stopped["time_us"] - start["time_us"] == 30_000_000
    await site.pass_time(60)
    await one.say(type="hello", revision=one.revision)
    assert one.last("clock")["time_us"] == stopped["time_us"]


async def test_a_command_works_while_time_stands_still(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="pace", speed=1, paused=True)
    assert await browser.run("kubectl create namespace still") == "namespace/still created\n"


async def test_ctrl_c_ends_a_watch(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.run("kubectl get pods -w")
    assert browser.all("exit") == []
    await browser.say(type="interrupt", terminal="1")
    assert browser.last("exit") == {"type": "exit", "terminal": "1", "command": 1, "code": 1}


async def test_completion_comes_from_the_shell(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="complete", id=9, terminal="1", line="kubectl get deploym", cursor=19)
    found = browser.last("completion")
    assert (found["id"], found["start"]) == (9, 12)
    assert [text.strip() for text in found["candidates"]] == ["deployments.apps"] or any(
        text.startswith("deployments") for text in found["candidates"]
    )


async def test_an_object_is_described_with_its_manifest(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="describe", id=3, key="/registry/nodes/k8s-node01")
    details = browser.last("details")
    assert details["id"] == 3
    assert "k8s-node01" in details["html"]
    assert "Capacity:" in details["html"]


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/registry",
        "/registry/pods/default/none",
        "/registry/nonsense/x",
        "../../etc/passwd",
        "/registry/pods//",
        "/registry/nodes/a/b",
        "/registry/pods/default/<script>",
    ],
)
async def test_what_is_not_there_is_described_as_gone(site, sandbox, learner, key):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="describe", id=3, key=key)
    assert "This object is gone." in browser.last("details")["html"]


async def test_what_people_wrote_is_escaped_in_the_details(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.run("kubectl create configmap c --from-literal='k=<script>alert(1)</script>'")
    await browser.say(type="describe", id=1, key="/registry/configmaps/default/c")
    assert "<script>" not in browser.last("details")["html"]
    assert "&lt;script&gt;" in browser.last("details")["html"]


async def test_frames_are_json_that_a_browser_can_read(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.run("kubectl get nodes -o yaml")
    assert all(orjson.loads(orjson.dumps(message)) == message for message in browser.heard)


FLAT_SERVICE = """\
apiVersion: v1
kind: Service
metadata:
name: web
spec:
selector:
app: web
type: NodePort
ports:
- port: 8O
"""


async def test_a_manifest_that_lost_its_indentation_is_offered_back_with_what_is_open(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="repair", id=1, text=FLAT_SERVICE, answers=None)
    repaired = browser.last("repaired")
    assert repaired["text"] == (
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector:\n    app: web\n  type: NodePort\n"
        "  ports:\n  - port: 8O\n"
    )
    assert repaired["questions"] == [
        {
            "line": 8, "source": "type: NodePort", "chosen": "spec",
            "choices": [
                {"id": "spec", "path": "spec", "is_text": False},
                {"id": "spec.selector", "path": "spec.selector", "is_text": False},
            ],
        }
    ]  # fmt: skip
    assert (repaired["id"], repaired["more_questions"]) == (1, 0)
    # The letter in the port is no matter of indentation: it stays, and the editor says so.
    assert [(fault["line"], fault["message"]) for fault in repaired["faults"]] == [
        (
            9,
            'Service in version "v1" cannot be handled as a Service: json: cannot unmarshal string into Go struct '
            "field ServicePort.spec.ports.port of type int32",
        )
    ]

    await browser.say(type="repair", id=2, text=FLAT_SERVICE, answers={"8": "spec.selector", "x": 1, "9": 7})
    repaired = browser.last("repaired")
    assert (repaired["id"], repaired["questions"][0]["chosen"]) == (2, "spec.selector")
    assert "\n    app: web\n    type: NodePort\n" in repaired["text"]


@pytest.mark.parametrize("text", [DEPLOYMENT, "", "some\nplain: words\nhere", FLAT_SERVICE + "\n" * 3000])
async def test_what_has_not_lost_its_indentation_is_left_alone(site, sandbox, learner, text):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="repair", id="a", text=text, answers={})
    assert browser.last("repaired") == {
        "type": "repaired", "id": "a", "text": None, "questions": [], "more_questions": 0, "faults": [],
    }  # fmt: skip
