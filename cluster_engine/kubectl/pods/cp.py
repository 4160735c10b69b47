"""`kubectl cp`: files of the home directory into containers and back, by `tar` there. Follows pkg/cmd/cp/cp.go."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Generator
from dataclasses import dataclass

from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.clock import SECOND_US
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, ExitCode
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.pods import target
from cluster_engine.kubectl.pods.exchange import STDOUT, Sink, converse
from cluster_engine.kubectl.process import Output, Process, Wait

MAX_FILES = 1000
_BAD_SPEC = "filespec must match the canonical format: [[namespace/]pod:]file/path"


@dataclass(frozen=True, slots=True)
class _Spec:
    """`[[namespace/]pod:]path`."""

    namespace: str
    pod: str
    path: str


def run(call: Invocation) -> Process:
    if len(call.args) != 2:
        raise CommandError("source and destination are required")
    source, destination = (_spec(call, word) for word in call.args)
    if source.pod and destination.pod:
        raise CommandError("one of src or dest must be a local file specification")
    if not source.path or not destination.path:
        raise CommandError("filepath can not be empty")
    if source.pod:
        return (yield from _Download(call, source, destination.path).run())
    if destination.pod:
        return (yield from _upload(call, source.path, destination))
    raise CommandError("one of src or dest must be a remote file specification")


def _spec(call: Invocation, word: str) -> _Spec:
    head, colon, path = word.partition(":")
    if not colon:
        return _Spec("", "", word)
    parts = head.split("/")
    if not head or len(parts) > 2:
        raise CommandError(_BAD_SPEC)
    return _Spec(parts[0] if len(parts) == 2 else call.factory.namespace, parts[-1], path)


def _pod(call: Invocation, spec: _Spec, told: Output) -> tuple[Obj, str]:
    """The pod and the container; which one was taken is said to `told`."""
    factory = call.factory
    pod = factory.get(factory.mapper.resource("pods"), spec.namespace, spec.pod)
    phase = dig(pod, "status", "phase")
    if phase in ("Succeeded", "Failed"):
        raise CommandError(f"cannot exec into a container in a completed pod; current phase is {phase}")
    silent = factory.with_output(factory.out)
    silent.err = told
    return pod, target.container_for(silent, pod, call.flags.string("container"), quiet=False)


def _in_container(
    call: Invocation, pod: Obj, container: str, command: list[str], data: bytes | None, sink: Sink | None
) -> Process:
    parameters = {"container": [container], "command": command, "stdout": ["true"]}
    return (yield from converse(call.factory, pod, "exec", parameters, stdin=data, sink=sink))


# Into a container.


def _upload(call: Invocation, path: str, spec: _Spec) -> Process:
    factory = call.factory
    files = _local_files(call, path)
    goal = spec.path
    try:
        pod, container = _pod(call, spec, Output(lambda text: None))
        silent = call.factory.err
        call.factory.err = Output(lambda text: None)
        try:
            yield from _in_container(call, pod, container, ["test", "-d", goal], None, lambda channel, data: None)
        finally:
            call.factory.err = silent
        goal = posixpath.join(goal, posixpath.basename(path.rstrip("/")))
    except ExitCode:
        pass  # it is no directory: the file gets that name
    goal = posixpath.normpath(goal)
    archive = io.BytesIO()
    name = posixpath.basename(goal)
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for below, text in files:
            data = text.encode()
            info = tarfile.TarInfo(f"{name}/{below}" if below else name)
            info.size, info.mtime = len(data), factory.now_us // SECOND_US
            tar.addfile(info, io.BytesIO(data))
    own = ["--no-same-permissions", "--no-same-owner"] if call.flags.on("no-preserve") else []
    folder = posixpath.dirname(goal)
    command = ["tar", *own, "-xmf", "-", *(["-C", folder] if folder else [])]
    pod, container = _pod(call, spec, factory.err)
    return (yield from _in_container(call, pod, container, command, archive.getvalue(), None))


def _local_files(call: Invocation, path: str) -> list[tuple[str, str]]:
    """(path below the source, text) of a file or of everything in a directory."""
    try:
        return [("", call.factory.files.read(path))]
    except (FileNotFoundError, IsADirectoryError):
        pass
    prefix = posixpath.normpath(path) + "/"
    prefix = "" if prefix == "./" else prefix
    inside = [name for name in call.factory.files.list() if name.startswith(prefix)]
    if not inside:
        raise CommandError(f"{path} doesn't exist in local filesystem")
    return [(name[len(prefix) :], call.factory.files.read(name)) for name in inside[:MAX_FILES]]


# Out of a container.


class _Download:
    """The copying of a file or a directory into the home directory."""

    def __init__(self, call: Invocation, spec: _Spec, path: str) -> None:
        self.call, self.factory = call, call.factory
        self.spec, self.path = spec, path
        self.archive = bytearray()

    def run(self) -> Process:
        pod, container = _pod(self.call, self.spec, self.factory.out)
        command = ["tar", "cf", "-", self.spec.path]
        if self.call.flags.number("retries"):
            command = ["sh", "-c", f"tar cf - {self.spec.path} | tail -c+0"]
        yield from _in_container(self.call, pod, container, command, None, self._received)
        yield from self._unpack()
        return 0

    def _received(self, channel: int, data: bytes) -> None:
        if channel == STDOUT:
            self.archive += data
        else:
            # What tar says goes where the command's own words go.
            self.factory.out.write(data.decode(errors="replace"))

    def _unpack(self) -> Generator[Wait, None, None]:
        prefix = _without_shortcuts(posixpath.normpath(self.spec.path.strip("/")))
        warned = False
        if not self.archive:
            return
        with tarfile.open(fileobj=io.BytesIO(bytes(self.archive)), mode="r:") as tar:
            for member in tar.getmembers()[:MAX_FILES]:
                if not member.name.startswith(prefix):
                    raise CommandError("tar contents corrupted")
                goal = posixpath.normpath(f"{self.path}/{member.name[len(prefix) :]}")
                if member.issym() or member.islnk():
                    self._skip_link(goal, member.linkname, again=warned)
                    warned = True
                elif member.isfile():
                    data = tar.extractfile(member)
                    self.factory.files.write(goal, data.read().decode(errors="replace") if data else "")
        yield Wait(deadline_us=self.factory.now_us)

    def _skip_link(self, goal: str, linked: str, *, again: bool) -> None:
        words = f'warning: skipping symlink: "{goal}" -> "{linked}"'
        if not again:
            spec = self.spec
            command = f'kubectl exec -n "{spec.namespace}" "{spec.pod}" -- tar cf - "{spec.path}" | tar xf -'
            words += f' (consider using "{command}")'
        self.factory.err.line(words)


def _without_shortcuts(path: str) -> str:
    """A path that does not lead up, as `..` at its beginning would."""
    while path.startswith("../"):
        path = path[3:]
    return "" if path in (".", "..", "/") else path.lstrip("/")


COMMAND = Command(
    "cp",
    "Copy files and directories to and from containers",
    run,
    use="<file-spec-src> <file-spec-dest> [options]",
    long="Copies a file or a directory of your home directory into a container, or back. What is in a container is "
    "written as [NAMESPACE/]POD:PATH. The container needs `tar`.",
    example="kubectl cp index.html web-0:/usr/share/nginx/html/index.html\n\nkubectl cp web-0:/etc/nginx/nginx.conf "
    "./nginx.conf -c nginx",
    group="Troubleshooting and Debugging Commands",
    completes="files",
    flags=(
        Flag("container", shorthand="c", help="The container; the first one where it is not given"),
        Flag("no-preserve", "bool", help="Does not keep owner and permissions"),
        Flag("retries", "int", help="How often to try again"),
    ),
)
