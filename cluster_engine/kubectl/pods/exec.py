"""`kubectl exec`. Follows k8s.io/kubectl/pkg/cmd/exec."""

from __future__ import annotations

from collections.abc import Generator

from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.pods import target
from cluster_engine.kubectl.pods.exchange import converse
from cluster_engine.kubectl.process import Process, Stream, Wait
from cluster_engine.kubectl.resource.builder import Builder

_NO_TTY = "Unable to use a TTY - input is not a terminal or the right kind of file"


def run(call: Invocation) -> Process:
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


def terminal_of(call: Invocation, *, has_tty: bool | None = None, name: str = "") -> tuple[Stream | None, bool]:
    """(standard input where `-i` asks for it, whether the container's terminal is used).

    `has_tty` says whether the process that is joined has a terminal; None for one that is started. Follows SetupTTY.
    """
    flags, factory = call.flags, call.factory
    tty = flags.on("tty") if has_tty is None else has_tty
    if has_tty is False and flags.on("tty") and not flags.on("quiet"):
        factory.err.line(f"error: Unable to use a TTY - container {name} did not allocate one")
    if not flags.on("stdin"):
        return None, False
    if tty and not factory.is_terminal:
        if not flags.on("quiet"):
            factory.err.line(_NO_TTY)
        tty = False
    return factory.stdin, tty


def execute(
    factory: Factory, pod: Obj, container: str, command: list[str], *, stdin: Stream | None, tty: bool
) -> Process:
    """Runs a command in a container; its exit code. Raises ApiError and CommandError where it cannot begin."""
    flags = {"container": [container], "command": command, "stdout": ["true"]}
    return (yield from converse(factory, pod, "exec", flags, stdin=stdin, tty=tty))


SHARED_FLAGS = (
    Flag("container", shorthand="c", help="The container; the first one where it is not given"),
    Flag("pod-running-timeout", "duration", default=60.0, help="How long to wait for a pod", shown="1m0s"),
    Flag("quiet", "bool", shorthand="q", help="Prints only what the container does"),
    Flag("stdin", "bool", shorthand="i", help="Gives the container your standard input"),
    Flag("tty", "bool", shorthand="t", help="Gives the container a terminal"),
)
COMMAND = Command(
    "exec",
    "Execute a command in a container",
    run,
    use="(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...] [options]",
    long="Runs a command in a container, and ends with its exit code.",
    example="kubectl exec web-0 -- date\n\n# A shell\nkubectl exec -it web-0 -- sh\n\n"
    "# In one of a Deployment's pods\nkubectl exec deploy/web -c nginx -- cat /etc/hostname",
    group="Troubleshooting and Debugging Commands",
    completes="pods",
    flags=(common.filename("to use")[0], *SHARED_FLAGS),
)
