"""The server of an image that somebody has added: what it says, when it is ready, how it ends. All of it is data."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from cluster_engine.containers.network.fabric import Connection
from cluster_engine.containers.network.http import HttpReply, HttpRequest, HttpServer, text_reply
from cluster_engine.containers.process import SIGINT, SIGTERM
from cluster_engine.containers.runner import Program, Wait
from cluster_engine.containers.servers.base import Signals, listen

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

PORT = 8080
_PLACE = re.compile(r"\{(hostname|tag|ip|env\.([A-Za-z_][A-Za-z0-9_]*))\}")


def settings_of(process: Process) -> dict[str, Any]:
    """What holds for the container's tag: the image's own settings, and those of the tag over them."""
    plan = process.container.plan
    by_tag = json.loads(plan.facts.get("by_tag", "{}"))
    return {**json.loads(plan.facts.get("serve", "{}")), **by_tag.get(plan.tag, {})}


def filled(process: Process, text: str) -> str:
    """A text with `{hostname}`, `{tag}`, `{ip}` and `{env.NAME}` as they are for this container."""
    values = {"hostname": process.pod.hostname, "tag": process.container.plan.tag, "ip": process.pod.network.ip}

    def value(found: re.Match[str]) -> str:
        return process.env.get(found[2], "") if found[2] else values[found[1]]

    return _PLACE.sub(value, text)


def made(process: Process) -> Program:
    """`/server` of an added image."""
    settings = settings_of(process)
    for line in settings.get("log", ()):
        process.out(filled(process, line) + "\n")
    process.memory_bytes = int(settings.get("memory", 0))
    process.container.check_memory()
    signals = Signals(process, (SIGTERM, SIGINT))
    started_us = process.now_us
    ready_us = started_us + round(settings.get("readySeconds", 0) * 1_000_000)
    ends_us = None
    if "exitAfterSeconds" in settings:
        ends_us = started_us + round(settings["exitAfterSeconds"] * 1_000_000)
    if ready_us > started_us:
        yield Wait(on=(signals,), deadline_us=ready_us if ends_us is None else min(ready_us, ends_us))
    if not signals.ready and (ends_us is None or process.now_us < ends_us):
        port = settings.get("port", PORT)
        if listen(process, {port: lambda connection: _server(process, settings, connection)}) is not None:
            process.err(f"listen tcp :{port}: bind: address already in use\n")
            return 1
        yield Wait(on=(signals,), deadline_us=ends_us)
    while not signals.ready and (ends_us is None or process.now_us < ends_us):
        yield Wait(on=(signals,), deadline_us=ends_us)
    if not signals.ready:
        return int(settings.get("exitCode", 0))
    stop_seconds = settings.get("stopSeconds", 0.2)
    if stop_seconds is None:
        yield Wait()
    yield process.sleep(stop_seconds)
    return 0


def _server(process: Process, settings: dict[str, Any], connection: Connection) -> HttpServer:
    def respond(request: HttpRequest, server: HttpServer) -> HttpReply | None:
        answer = settings.get("paths", {}).get(request.path)
        if answer is None:
            if "text" not in settings and "paths" in settings:
                return text_reply("404 page not found\n", 404)
            text = settings.get("text", "{hostname} {tag}\n")
            return text_reply(filled(process, text))
        reply = text_reply(filled(process, answer["text"]), answer["status"])
        if not answer["seconds"]:
            return reply
        connection.later(answer["seconds"], lambda: server.reply(reply))
        return None

    return HttpServer(connection, respond)
