"""`kubectl cp`: files of the home directory into containers and back, one at a time. Follows pkg/cmd/cp/cp.go.

The real one packs files with tar in the container; here `cat` in the container does the same work.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, ExitCode
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.pods import target
from cluster_engine.kubectl.pods.exec import execute
from cluster_engine.kubectl.process import Output, Process, Stream, Wait


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
    if bool(source.pod) == bool(destination.pod):
        if source.pod:
            raise CommandError("one of src or dest must be a local file specification")
        raise CommandError("one of src or dest must be a remote file specification")
    if not source.path or not destination.path:
        raise CommandError("filepath can not be empty")
    if destination.pod:
        yield from _upload(call, source.path, destination)
    else:
        yield from _download(call, source, destination.path)
    return 0


def _spec(call: Invocation, word: str) -> _Spec:
    head, colon, path = word.partition(":")
    if not colon:
        return _Spec("", "", word)
    parts = head.split("/")
    if len(parts) == 1:
        return _Spec(call.factory.namespace, parts[0], path)
    if len(parts) == 2:
        return _Spec(parts[0], parts[1], path)
    raise call.usage_error("filespec must match the canonical format: [[namespace/]pod:]file/path")


def _pod(call: Invocation, spec: _Spec) -> tuple[Obj, str]:
    factory = call.factory
    pod = factory.get(factory.mapper.resource("pods"), spec.namespace, spec.pod)
    return pod, target.container_for(factory, pod, call.flags.string("container"), quiet=False)


def _upload(call: Invocation, path: str, spec: _Spec) -> Generator[Wait, None, None]:
    files = _local_files(call, path)
    pod, container = _pod(call, spec)
    base = path.rstrip("/").rpartition("/")[2]
    for name, text in files:
        remote = spec.path
        if remote.endswith("/"):
            remote += base
        if name:
            remote = f"{remote.rstrip('/')}/{name}"
        script = 'mkdir -p "$(dirname "$0")" && cat > "$0"'
        yield from _run(call.factory, pod, container, ["sh", "-c", script, remote], Stream(text, closed=True))


def _local_files(call: Invocation, path: str) -> list[tuple[str, str]]:
    """(path below the source, text) of a file or of everything in a directory."""
    try:
        return [("", call.factory.files.read(path))]
    except (FileNotFoundError, IsADirectoryError):
        pass
    prefix = path.rstrip("/").removeprefix("./") + "/"
    inside = [name for name in call.factory.files.list() if name.startswith(prefix)]
    if not inside:
        raise CommandError(f"{path} doesn't exist in local filesystem")
    return [(name[len(prefix) :], call.factory.files.read(name)) for name in inside]


def _download(call: Invocation, spec: _Spec, path: str) -> Generator[Wait, None, None]:
    pod, container = _pod(call, spec)
    if path.endswith("/") or path == ".":
        path = path.rstrip("/") + "/" + spec.path.rstrip("/").rpartition("/")[2]
    text = yield from _run(call.factory, pod, container, ["cat", spec.path], None)
    if spec.path.startswith("/"):
        call.factory.err.line("tar: removing leading '/' from member names")
    call.factory.files.write(path, text)


def _run(
    factory: Factory, pod: Obj, container: str, command: list[str], stdin: Stream | None
) -> Generator[Wait, None, str]:
    """What a command in the container prints. Raises ExitCode where it fails, its words told."""
    printed: list[str] = []
    silent = factory.with_output(Output(printed.append))
    try:
        yield from execute(silent, pod, container, command, stdin=stdin, tty=False)
    except (ApiError, ExitCode):
        factory.out.write("".join(printed))
        raise
    return "".join(printed)


COMMAND = Command(
    "cp",
    "Copy files and directories to and from containers",
    run,
    use="<file-spec-src> <file-spec-dest> [options]",
    long="Copies a file of your home directory into a container, or back. A file in a container is written as "
    "[NAMESPACE/]POD:PATH.",
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
