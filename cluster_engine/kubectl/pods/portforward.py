"""`kubectl port-forward`. Follows pkg/cmd/portforward/portforward.go.

A sandbox has no local ports: where its host can, it opens a browser tab that leads to the container's port.
"""

from __future__ import annotations

import re

from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.pods import target
from cluster_engine.kubectl.pods.exec import find_pod
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.resource.builder import Builder

_PORT = re.compile(r"\d+\Z")
FIRST_FREE_PORT = 40000


def run(call: Invocation) -> Process:
    if len(call.args) < 2:
        raise call.usage_error("TYPE/NAME and list of ports are required for port-forward")
    word, *pairs = call.args
    result = yield from Builder(call.factory, [target.named(word)], latest=True).do()
    obj = result.all_or_raise()[0].obj
    if obj["kind"] == "Service":
        pods = yield from target.pods_of(
            call.factory, obj, call.flags.seconds("pod-running-timeout"), target.by_activity
        )
        pod = pods[0]
    else:
        pod = yield from find_pod(call, word)
    ports = [_ports(index, pair, obj, pod) for index, pair in enumerate(pairs)]
    phase = dig(pod, "status", "phase", default="")
    if phase != "Running":
        raise CommandError(f"unable to forward port because pod is not running. Current status={phase}")
    for local, remote in ports:
        call.factory.out.line(f"Forwarding from 127.0.0.1:{local} -> {remote}")
        call.factory.out.line(f"Forwarding from [::1]:{local} -> {remote}")
    opened = call.factory.forward_port
    if opened is not None:
        for local, remote in ports:
            opened(pod, local, remote)
    # Until Ctrl-C.
    while True:
        yield Wait(deadline_us=call.factory.deadline_us(3600))


def _ports(index: int, pair: str, obj: Obj, pod: Obj) -> tuple[int, int]:
    """(local port, port of the pod) of `[LOCAL:]REMOTE`."""
    local, colon, remote = pair.partition(":")
    if not colon:
        remote = local
    number = _remote(remote, obj, pod)
    if not local:
        return FIRST_FREE_PORT + index, number
    if not _PORT.match(local):
        return (number, number) if not colon else _bad(local)
    return int(local), number


def _bad(text: str) -> tuple[int, int]:
    raise CommandError(f"error parsing local port '{text}': strconv.ParseUint: parsing \"{text}\": invalid syntax")


def _remote(text: str, obj: Obj, pod: Obj) -> int:
    """A port of a Service leads to its target, and a name to the container's port of that name."""
    if obj["kind"] == "Service":
        name = obj["metadata"]["name"]
        for port in obj["spec"].get("ports") or ():
            if text in (str(port["port"]), port.get("name")):
                to = port.get("targetPort", port["port"])
                if obj["spec"].get("clusterIP") == "None":
                    to = port["port"]
                return to if isinstance(to, int) else _named_port(str(to), pod)
        raise CommandError(f"Service {name} does not have a service port {text}")
    if _PORT.match(text):
        return int(text)
    return _named_port(text, pod)


def _named_port(text: str, pod: Obj) -> int:
    for container in pod["spec"]["containers"]:
        for port in container.get("ports") or ():
            if port.get("name") == text:
                return int(port["containerPort"])
    raise CommandError(f"Pod '{pod['metadata']['name']}' does not have a named port '{text}'")


COMMAND = Command(
    "port-forward",
    "Forward one or more local ports to a pod",
    run,
    use="TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]",
    long="Leads a port to a pod's. Your sandbox opens it in a browser tab instead of on your own machine.",
    example="kubectl port-forward pod/web-0 8080:80\n\nkubectl port-forward service/web 8080:http",
    group="Troubleshooting and Debugging Commands",
    completes="pods",
    flags=(
        Flag("address", "stringSlice", default=("localhost",), help="The addresses to listen on"),
        Flag("pod-running-timeout", "duration", default=60.0, help="How long to wait for a pod", shown="1m0s"),
    ),
)
