"""`kubectl exec` and `attach`. Follows k8s.io/kubectl/pkg/cmd/exec and pkg/cmd/attach."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.client.kubelet_api import KubeletRefusal, translated
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, ExitCode
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.pods import target
from cluster_engine.kubectl.pods.pollable import Pollable
from cluster_engine.kubectl.process import Process, Stream, Wait
from cluster_engine.kubectl.resource.builder import Builder

# The channels of an exchange.
STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)
_NO_TTY = "Unable to use a TTY - input is not a terminal or the right kind of file"


def run_exec(call: Invocation) -> Process:
    flags = call.flags
    dash, args = flags.args_len_at_dash, call.args
    name = args[0] if args and dash != 0 else ""
    if dash in (0, 1):
        command = args[dash:]
    elif len(args) > 1 or (args and flags.strings("filename")):
        raise call.usage_error("exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead")
    else:
        command = []
    if not name and not flags.strings("filename"):
        raise CommandError("pod, type/name or --filename must be specified")
    if not command:
        raise CommandError("you must specify at least one command for the container")
    pod = yield from find_pod(call, name)
    phase = dig(pod, "status", "phase")
    if phase in ("Succeeded", "Failed"):
        raise CommandError(f"cannot exec into a container in a completed pod; current phase is {phase}")
    container = target.container_for(call.factory, pod, flags.string("container"), quiet=flags.on("quiet"))
    stdin, tty = terminal_of(call)
    return (yield from execute(call.factory, pod, container, command, stdin=stdin, tty=tty))


def find_pod(call: Invocation, name: str) -> Generator[Wait, None, Obj]:
    """The pod that `POD`, `TYPE/NAME` or a file means: of a workload, the one that works best."""
    flags = call.flags
    filenames = flags.strings("filename") if flags.has("filename") else []
    words = [target.named(name)] if name else []
    result = yield from Builder(call.factory, words, filenames=filenames, latest=True).do()
    infos = result.all_or_raise()
    if len(infos) > 1:
        raise CommandError("cannot exec into multiple objects at a time")
    return (yield from attachable_pod(call, infos[0].obj))


def attachable_pod(call: Invocation, obj: Obj) -> Generator[Wait, None, Obj]:
    """The pod itself, or the one of a workload's that works best. Follows attachablePodForObject."""
    flags = call.flags
    if obj["kind"] == "Pod":
        return obj
    try:
        pods = yield from target.pods_of(call.factory, obj, flags.seconds("pod-running-timeout"), target.by_activity)
    except CommandError as error:
        if error.message.startswith("selector for"):
            kind = f"*{obj['apiVersion'].rpartition('/')[2]}.{obj['kind']}"
            raise CommandError(f"cannot attach to {kind}: {error.message}") from None
        raise
    return pods[0]


def terminal_of(call: Invocation) -> tuple[Stream | None, bool]:
    """(standard input where `-i` asks for it, whether the container gets a terminal)."""
    if not call.flags.on("stdin"):
        return None, False
    tty = call.flags.on("tty")
    if tty and not call.factory.is_terminal:
        if not call.flags.on("quiet"):
            call.factory.err.line(_NO_TTY)
        tty = False
    return call.factory.stdin, tty


def execute(
    factory: Factory, pod: Obj, container: str, command: list[str], *, stdin: Stream | None, tty: bool
) -> Process:
    """Runs a command in a container; its exit code. Raises ApiError and CommandError where it cannot begin."""
    flags = {"container": [container], "command": command, "stdout": ["true"]}
    return (yield from converse(factory, pod, "exec", flags, stdin=stdin, tty=tty))


def converse(
    factory: Factory,
    pod: Obj,
    subresource: str,
    parameters: dict[str, list[str]],
    *,
    stdin: Stream | None,
    tty: bool,
) -> Process:
    """Exchanges bytes with a container until it is over; the exit code of what ran."""
    meta = pod["metadata"]
    if stdin is not None:
        parameters = {**parameters, "stdin": ["true"]}
    # A terminal has one stream for both kinds of output.
    parameters = {**parameters, **({"tty": ["true"]} if tty else {"stderr": ["true"]})}
    try:
        exchange = factory.request(
            "create",
            factory.mapper.resource("pods"),
            meta["namespace"],
            meta["name"],
            subresource=subresource,
            parameters=parameters,
        )
    except KubeletRefusal as refusal:
        raise CommandError(refusal.message) from None
    pollable = Pollable(exchange)
    open_input = stdin
    status = b""
    if tty and stdin is not None:
        _give_terminal(exchange, stdin)
    try:
        while True:
            pollable.look()
            ended = pollable.ended
            while (part := exchange.read()) is not None:
                channel, data = part
                if channel == ERROR:
                    status += data
                else:
                    (factory.err if channel == STDERR else factory.out).write(data.decode(errors="replace"))
            if ended:
                break
            if open_input is not None and open_input.ready:
                text = open_input.take()
                if text:
                    exchange.receive(STDIN, text.encode())
                elif open_input.closed:
                    exchange.close(STDIN)
                    open_input = None
                continue
            yield Wait(watches=(pollable,), streams=(open_input,) if open_input is not None else ())
    finally:
        pollable.stop()
        if stdin is not None:
            stdin.raw, stdin.on_resize = False, None
    return _exit_code(factory, status)


def _give_terminal(exchange: Any, stdin: Stream) -> None:
    """Every key goes to the container from now on, and so does the size of the window."""

    def resized(columns: int, rows: int) -> None:
        exchange.receive(RESIZE, json.dumps({"Width": columns, "Height": rows}).encode())

    stdin.raw, stdin.on_resize = True, resized
    resized(stdin.columns, stdin.rows)


def _exit_code(factory: Factory, status: bytes) -> int:
    """What the last message on the error channel says."""
    if not status:
        return 0
    try:
        said = json.loads(translated(status))
    except ValueError:
        raise CommandError(status.decode(errors="replace")) from None
    if said.get("status") == "Success":
        return 0
    if said.get("reason") == "NonZeroExitCode":
        causes = dig(said, "details", "causes", default=())
        code = next((int(one["message"]) for one in causes if one.get("reason") == "ExitCode"), 1)
        factory.err.line(f"command terminated with exit code {code}")
        raise ExitCode(code)
    raise CommandError(said.get("message", ""))


def run_attach(call: Invocation) -> Process:
    flags = call.flags
    if len(call.args) == 0:
        raise CommandError("at least 1 argument is required for attach")
    if len(call.args) > 2:
        raise CommandError(
            "expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw "
                               f"{len(call.args)}: [{' '.join(call.args)}]")  # fmt: skip
    pod = yield from find_pod(call, "/".join(call.args))
    phase = dig(pod, "status", "phase")
    if phase in ("Succeeded", "Failed"):
        raise CommandError(f"cannot attach a container in a completed pod; current phase is {phase}")
    container = target.container_for(call.factory, pod, flags.string("container"), quiet=flags.on("quiet"))
    found = target.find_container(pod, container)
    assert found is not None
    stdin, tty = terminal_of(call)
    if tty and not found[0].get("tty"):
        call.factory.err.line(f"error: Unable to use a TTY - container {container} did not allocate one")
        tty = False
    if stdin is not None and tty:
        call.factory.err.line("If you don't see a command prompt, try pressing enter.")
    parameters = {"container": [container], "stdout": ["true"]}
    return (yield from converse(call.factory, pod, "attach", parameters, stdin=stdin, tty=tty))


_SHARED = (
    Flag("container", shorthand="c", help="The container; the first one where it is not given"),
    Flag("pod-running-timeout", "duration", default=60.0, help="How long to wait for a pod", shown="1m0s"),
    Flag("quiet", "bool", shorthand="q", help="Prints only what the container does"),
    Flag("stdin", "bool", shorthand="i", help="Gives the container your standard input"),
    Flag("tty", "bool", shorthand="t", help="Gives the container a terminal"),
)
EXEC = Command(
    "exec",
    "Execute a command in a container",
    run_exec,
    use="(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...] [options]",
    long="Runs a command in a container, and ends with its exit code.",
    example="kubectl exec web-0 -- date\n\n# A shell\nkubectl exec -it web-0 -- sh\n\n"
    "# In one of a Deployment's pods\nkubectl exec deploy/web -c nginx -- cat /etc/hostname",
    group="Troubleshooting and Debugging Commands",
    completes="pods",
    flags=(common.filename("to use")[0], *_SHARED),
)
ATTACH = Command(
    "attach",
    "Attach to a running container",
    run_attach,
    use="(POD | TYPE/NAME) -c CONTAINER [options]",
    long="Connects you with the process of a container that is running already.",
    example="kubectl attach web-0\n\nkubectl attach -it web-0 -c shell",
    group="Troubleshooting and Debugging Commands",
    completes="pods",
    flags=_SHARED,
)
