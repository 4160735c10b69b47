"""The server is killed in the middle of a rolling update, and started again: nothing that was acknowledged is lost."""

import json
import random
import re
import time
import urllib.request
from http.cookiejar import CookieJar

import pytest
from websocket import WebSocketTimeoutException, create_connection

from tests.server import Server
from tests.site.manifests import DEPLOYMENT

pytestmark = pytest.mark.slow
TIMEOUT_SECONDS = 60.0
# What the lesson on Deployments asks for first; its update is what the kill comes in.
LESSONS_DEPLOYMENT = DEPLOYMENT.replace("name: web", "name: nginx-deployment").replace("nginx:1.9.1", "nginx:1.7.9")


class Visitor:
    """A guest: cookies, pages, and one websocket."""

    def __init__(self) -> None:
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.heard: list[dict] = []
        self.items: dict = {}
        self.revision: int | None = None

    def new_sandbox(self, server: Server) -> str:
        self.opener.open(f"{server.url}/accounts/sign-in/").read()
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        request = urllib.request.Request(f"{server.url}/sandboxes/new", method="POST", headers={"X-CSRFToken": token})
        with self.opener.open(request, data=b"lesson=05-deployment", timeout=30) as page:
            return re.search(r"/sandboxes/([0-9a-f-]{36})/", page.url).group(1)

    def connect(self, server: Server, sandbox: str) -> None:
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies)
        url = f"ws://127.0.0.1:{server.port}/ws/sandboxes/{sandbox}/"
        self.socket = create_connection(url, cookie=cookies, origin=server.url, timeout=1)
        self.say(type="hello", revision=None)

    def say(self, **message) -> None:
        self.socket.send(json.dumps(message))

    def listen_until(self, condition, what: str) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"not within {TIMEOUT_SECONDS:.0f} s: {what}"
            try:
                self.take(json.loads(self.socket.recv()))
            except WebSocketTimeoutException:
                continue

    def take(self, message: dict) -> None:
        self.heard.append(message)
        if message["type"] == "snapshot":
            self.items, self.revision = dict(message["items"]), message["revision"]
        elif message["type"] == "events":
            for change in message["changes"]:
                if change["item"] is None:
                    self.items.pop(change["key"], None)
                else:
                    self.items[change["key"]] = change["item"]
            self.revision = message["to"]

    def all(self, type_: str) -> list[dict]:
        return [message for message in self.heard if message["type"] == type_]

    def ticked(self) -> set[str]:
        """The lesson's steps that are done."""
        steps = self.all("progress")[-1]["steps"] if self.all("progress") else {}
        return {step for step, state in steps.items() if state["done"]}

    def pods(self) -> list[dict]:
        return [item for item in self.items.values() if item["kind"] == "Pod"]

    def images_ready(self) -> list[str]:
        return sorted(pod["images"][0] for pod in self.pods() if pod["state"] == "ready")


def test_a_killed_server_comes_back_with_all_that_it_had_acknowledged(tmp_path):
    server = Server(tmp_path)
    server.start()
    try:
        visitor = Visitor()
        sandbox = visitor.new_sandbox(server)
        visitor.connect(server, sandbox)
        visitor.say(type="pace", speed=10, paused=False)
        visitor.say(type="apply", path="web.yaml", text=LESSONS_DEPLOYMENT, terminal="1")
        visitor.listen_until(lambda: visitor.images_ready() == ["nginx:1.7.9"] * 3, "three pods are ready")
        visitor.say(type="pace", speed=1, paused=False)
        change = "kubectl set image deployment/nginx-deployment nginx=nginx:1.9.1"
        visitor.say(type="command", terminal="1", line=change)
        visitor.say(type="command", terminal="2", line="kubectl rollout status deployment/nginx-deployment")
        visitor.listen_until(lambda: "nginx:1.9.1" in {pod["images"][0] for pod in visitor.pods()}, "the roll began")
        visitor.listen_until(lambda: len(visitor.all("started")) == 3, "all commands are acknowledged")
        visitor.listen_until(lambda: {"create", "update"} <= visitor.ticked(), "the lesson's steps are ticked")
        ticked = visitor.ticked()
        server.kill()
        images = {pod["images"][0] for pod in visitor.pods()}
        assert images == {"nginx:1.7.9", "nginx:1.9.1"}, "the kill came in the middle of the rolling update"

        server.start()
        again = Visitor()
        again.cookies = visitor.cookies
        again.connect(server, sandbox)
        again.listen_until(lambda: again.revision is not None, "the sandbox is there")
        (snapshot,) = again.all("snapshot")
        assert snapshot["revision"] >= visitor.revision
        (history,) = again.all("history")
        lines = [command["line"] for command in history["commands"]]
        assert lines == [message["line"] for message in visitor.all("started")]
        for message in visitor.all("output"):
            command = next(c for c in history["commands"] if c["number"] == message["command"])
            assert message["text"] in "".join(text for _, text in command["output"])
        again.listen_until(lambda: ticked <= again.ticked(), "the lesson's progress is there")
        assert history["files"] == [{"path": "web.yaml", "text": LESSONS_DEPLOYMENT}]
        again.say(type="pace", speed=10, paused=False)
        again.listen_until(lambda: again.images_ready() == ["nginx:1.9.1"] * 3, "the rolling update came to its end")
        again.listen_until(lambda: len(again.pods()) == 3, "the old pods are gone")
    finally:
        server.kill()


def held(lines: list[str]) -> set[str]:
    """The namespaces that there should be after these commands, by an undo stack of the test's own."""
    typed: list[str] = []
    undone: list[str] = []
    for line in lines:
        if line == "undo" and typed:
            undone.append(typed.pop())
        elif line == "redo" and undone:
            typed.append(undone.pop())
        elif line.startswith("kubectl create namespace "):
            typed.append(line.rsplit(" ", 1)[1])
            undone = []
    return set(typed)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_server_killed_among_undos_is_where_its_history_says(tmp_path, seed):
    rng = random.Random(seed)
    server = Server(tmp_path)
    server.start()
    try:
        visitor = Visitor()
        sandbox = visitor.new_sandbox(server)
        for life in range(3):
            undo_until_killed(visitor, server, sandbox, life, rng)
            server.start()
            cookies, visitor = visitor.cookies, Visitor()
            visitor.cookies = cookies
            made, lines = found_again(visitor, server, sandbox)
            assert made == held(lines), f"seed {seed}, life {life}: {lines}"
            visitor.heard.clear()
    finally:
        server.kill()


def undo_until_killed(visitor: Visitor, server: Server, sandbox: str, life: int, rng: random.Random) -> None:
    """Make six namespaces, take some back and do some again, and kill the server anywhere among that."""
    visitor.connect(server, sandbox)
    visitor.listen_until(lambda: visitor.all("snapshot"), "the sandbox is there")
    for number in range(6):
        visitor.say(type="command", terminal="1", line=f"kubectl create namespace n{life}{number}")
    visitor.listen_until(lambda: f"/registry/namespaces/n{life}5" in visitor.items, "all are made")
    for _ in range(12):
        visitor.say(type=rng.choice(["undo", "undo", "redo"]), terminal="1")
    time.sleep(rng.random() * 0.6)
    server.kill()


def found_again(visitor: Visitor, server: Server, sandbox: str) -> tuple[set[str], list[str]]:
    """The namespaces that there are, and the commands of the history that came to their end."""
    visitor.connect(server, sandbox)
    visitor.listen_until(lambda: visitor.all("snapshot"), "the sandbox is there again")
    commands = visitor.all("history")[0]["commands"]
    visitor.socket.close()
    made = {key.rsplit("/", 1)[1] for key in visitor.items if key.startswith("/registry/namespaces/n")}
    return made, [command["line"] for command in commands if command["exit_code"] == 0]
