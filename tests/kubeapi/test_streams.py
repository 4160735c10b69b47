"""A sandbox's containers through its API, where time is paced: followed logs, commands, forwarded ports, proxies."""

from __future__ import annotations

import asyncio
import json

import pytest

pytestmark = pytest.mark.django_db(transaction=True)
PODS = "api/v1/namespaces/default/pods"
COUNTING = "i=0; while true; do i=$((i+1)); echo line $i; sleep 1; done"
V5 = "v5.channel.k8s.io"
STDOUT, ERROR = 1, 3


def pod(name: str, image: str, *command: str) -> dict:
    container = {"name": "c", "image": image}
    if command:
        container["command"] = list(command)
    return {"metadata": {"name": name}, "spec": {"containers": [container]}}


@pytest.fixture
async def running(site, api, secret) -> str:
    """The path of the pods of a sandbox in which one counts and one serves."""
    base = f"/k/{secret}/{PODS}"
    await api.call("POST", base, pod("count", "busybox:1.36", "sh", "-c", COUNTING))
    await api.call("POST", base, pod("web", "nginx:1.25"))
    await site.pass_time(15)
    for name in ("count", "web"):
        assert (await api.call("GET", f"{base}/{name}"))[1]["status"]["phase"] == "Running"
    return base


async def test_a_followed_log_goes_on_with_the_sandboxs_time(site, api, running):
    async with api.follow(f"{running}/count/log?follow=true&tailLines=1") as piece:
        first = int((await piece()).split()[1])
        await site.pass_time(3)
        seen = ""
        while seen.count("\n") < 3:
            seen += await piece()
        assert seen == "".join(f"line {first + n}\n" for n in (1, 2, 3))
        # It keeps the sandbox awake, and ends with it.
        await site.worker.put_to_sleep()
        assert len(site.lives) == 1
    assert site.lives[0].viewers == 0
    await site.pass_time(60)
    await site.worker.put_to_sleep()
    assert site.lives == []


async def test_a_paused_sandbox_says_nothing(site, api, running):
    async with api.follow(f"{running}/count/log?follow=true&tailLines=1") as piece:
        await piece()
        site.lives[0].change_pace(site.now, 1.0, True)
        waiting = asyncio.ensure_future(piece())
        await site.pass_time(5)
        await asyncio.sleep(0.05)
        assert not waiting.done()
        site.lives[0].change_pace(site.now, 1.0, False)
        await site.pass_time(1.5)
        assert (await waiting).startswith("line ")


async def test_a_command_runs_in_the_sandboxs_time(site, api, running):
    path = f"{running}/web/exec?command=sh&stdin=true&stdout=true&stderr=true"
    async with api.talk(path, V5) as talk:
        talk.say("echo hello\n")
        assert await talk.heard() == (STDOUT, "hello\n")
        talk.say("echo now; sleep 20; echo later\n")
        assert await talk.heard() == (STDOUT, "now\n")
        waiting = asyncio.ensure_future(talk.heard())
        await site.pass_time(10)
        assert not waiting.done()
        await site.pass_time(11)
        assert await waiting == (STDOUT, "later\n")
        talk.say("exit 3\n")
        channel, status = await talk.heard()
        assert (channel, json.loads(status)["details"]["causes"][0]) == (ERROR, {"reason": "ExitCode", "message": "3"})
        assert await talk.message() == {"type": "websocket.close", "code": 1000}
    assert site.lives[0].viewers == 0


async def test_a_command_that_is_left_does_not_keep_the_sandbox_awake(site, api, running):
    async with api.talk(f"{running}/web/exec?command=cat&stdin=true&stdout=true", V5) as talk:
        talk.say("x\n")
        assert await talk.heard() == (STDOUT, "x\n")
        assert site.lives[0].viewers == 1
    await site.pass_time(60)
    await site.worker.put_to_sleep()
    assert site.lives == []


async def test_a_port_is_forwarded_by_channels(site, api, running):
    async with api.talk(f"{running}/web/portforward?ports=80", "v4.channel.k8s.io") as talk:
        assert [(await talk.message())["bytes"] for _ in range(2)] == [b"\x00\x50\x00", b"\x01\x50\x00"]
        talk.say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        channel, page = await talk.heard()
        assert (channel, page.split("\r\n")[0]) == (0, "HTTP/1.1 200 OK")
    assert site.lives[0].viewers == 0


async def test_a_proxy_hands_on_neither_cookies_nor_the_secret(site, api, secret, running):
    echo = "while true; do printf 'HTTP/1.0 200 OK\\r\\n\\r\\nhi' | nc -l -p 8000; done"
    await api.call("POST", running, pod("echo", "busybox:1.36", "sh", "-c", echo))
    await site.pass_time(10)
    status, body = await api.call("GET", f"{running}/echo:8000/proxy/a?b=c", headers={"Cookie": "sessionid=1"})
    assert (status, body) == (200, "hi")
    _, log = await api.call("GET", f"{running}/echo/log")
    assert log.startswith("GET /a?b=c HTTP/1.1\r\n")
    assert f"x-forwarded-uri: /{PODS}/echo:8000/proxy/a" in log
    assert secret not in log
    assert "sessionid" not in log


async def test_an_undo_ends_watches_and_their_clients_list_anew(site, api, sandbox, secret, learner):
    browser = await site.browser(sandbox, learner)
    await browser.run("kubectl create configmap a")
    maps = f"/k/{secret}/api/v1/namespaces/default/configmaps"
    async with api.watch(f"{maps}?watch=true") as event:
        while (told := await event())["object"]["metadata"]["name"] != "a":
            pass
        await browser.say(type="undo", terminal="1")
        rest = []
        while (told := await event()) is not None:
            rest.append(told["type"])
        assert "DELETED" not in rest, "the old cluster does not change; it ends"
    status, listed = await api.call("GET", maps)
    assert status == 200
    assert "a" not in [item["metadata"]["name"] for item in listed["items"]]
    since = told_revision = int(listed["metadata"]["resourceVersion"])
    async with api.watch(f"{maps}?watch=true&resourceVersion={since}") as event:
        await browser.run("kubectl create configmap b")
        told = await event()
        assert (told["type"], told["object"]["metadata"]["name"]) == ("ADDED", "b")
        assert int(told["object"]["metadata"]["resourceVersion"]) > told_revision


async def test_an_undo_ends_what_goes_on_in_the_old_cluster(site, api, sandbox, learner, running):
    browser = await site.browser(sandbox, learner)
    await browser.run("kubectl create configmap done")
    async with api.talk(f"{running}/web/exec?command=sh&stdin=true&stdout=true", V5) as talk:
        talk.say("echo here\n")
        assert await talk.heard() == (STDOUT, "here\n")
        await browser.say(type="undo", terminal="1")
        assert await talk.message() == {"type": "websocket.close", "code": 1000}
