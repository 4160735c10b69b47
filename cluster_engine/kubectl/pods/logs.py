"""`kubectl logs`. Follows k8s.io/kubectl/pkg/cmd/logs/logs.go and polymorphichelpers/logsforobject.go."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.pods import target
from cluster_engine.kubectl.pods.pollable import Pollable
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.resource.builder import Builder, is_not_found

_USAGE = (
    "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
    "POD or TYPE/NAME is a required argument for the logs command"
)
SELECTOR_TAIL = 10
MAX_FOLLOWED = 5
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")


@dataclass(slots=True)
class _Source:
    """One container whose log is read."""

    pod: Obj
    container: str
    prefix: str
    pollable: Pollable | None = None
    # What has come of a line whose end has not.
    rest: str = ""


def run(call: Invocation) -> Process:
    logs = _Logs(call)
    logs.check_arguments()
    objects = yield from logs.find()
    logs.validate()
    sources: list[_Source] = []
    for obj in objects:
        sources += yield from logs.sources_of(obj)
    if logs.follow and len(sources) > 1:
        most = call.flags.number("max-log-requests")
        if len(sources) > most:
            raise CommandError(
                f"you are attempting to follow {len(sources)} log streams, but maximum allowed concurrency is {most}, "
                "use --max-log-requests to increase the limit"
            )
        yield from logs.consume(sources)
        return 0
    for source in sources:
        yield from logs.consume([source])
    return 0


class _Logs:
    """One call of `logs`."""

    def __init__(self, call: Invocation) -> None:
        flags = call.flags
        self.call, self.factory = call, call.factory
        self.follow = flags.on("follow")
        self.all_pods = flags.on("all-pods")
        self.prefix = flags.on("prefix") or self.all_pods
        self.selector = flags.string("selector")
        self.container = call.args[1] if len(call.args) == 2 else flags.string("container")
        self.timeout_seconds = flags.seconds("pod-running-timeout")

    def check_arguments(self) -> None:
        count = len(self.call.args)
        if count > 2 or (count == 0 and not self.selector):
            raise self.call.usage_error(_USAGE)
        if count == 1 and self.selector:
            raise self.call.usage_error("only a selector (-l) or a POD name is allowed")
        since_time = self.call.flags.string("since-time")
        if since_time and not _TIME.match(since_time):
            raise CommandError(
                f'parsing time "{since_time}" as "2006-01-02T15:04:05Z07:00": cannot parse "{since_time}" as "2006"'
            )

    def find(self) -> Generator[Wait, None, list[Obj]]:
        factory = self.factory
        words = [target.named(self.call.args[0])] if self.call.args else ["pods"]
        builder = Builder(factory, words, label_selector=self.selector or None, single_resource_type=True)
        result = yield from builder.do()
        infos, errors = result.infos()
        if errors:
            if isinstance(errors[0], ApiError) and is_not_found(errors[0]):
                text = f'{errors[0].message} in namespace "{factory.namespace}"'
                raise CommandError(f"error: error from server (NotFound): {text}")
            raise errors[0]
        if self.selector and not infos:
            factory.err.line(f"No resources found in {factory.namespace} namespace.")
        return [info.obj for info in infos]

    def validate(self) -> None:
        flags = self.call.flags
        if flags.string("since-time") and flags.seconds("since"):
            raise CommandError("at most one of `sinceTime` or `sinceSeconds` may be specified")
        if flags.on("all-containers") and self.container:
            raise CommandError(f"--all-containers=true should not be specified with container name {self.container}")
        if flags.changed("container") and len(self.call.args) == 2:
            raise CommandError("only one of -c or an inline [CONTAINER] arg is allowed")
        if flags.number("limit-bytes") < 0:
            raise CommandError("--limit-bytes must be greater than 0")
        if flags.seconds("since") < 0:
            raise CommandError("--since must be greater than 0")
        if flags.number("tail") < -1:
            raise CommandError("--tail must be greater than or equal to -1")

    def sources_of(self, obj: Obj) -> Generator[Wait, None, list[_Source]]:
        """The containers whose logs an object means."""
        if obj["kind"] == "Pod":
            return self._sources_of_pod(obj)
        try:
            pods = yield from target.pods_of(self.factory, obj, self.timeout_seconds, target.by_logging)
        except CommandError as error:
            if error.message.startswith("selector for"):
                kind = f"*{obj['apiVersion'].rpartition('/')[2]}.{obj['kind']}"
                raise CommandError(f"cannot get the logs from {kind}: {error.message}") from None
            raise
        if self.all_pods:
            return [source for pod in pods for source in self._sources_of_pod(pod)]
        if len(pods) > 1:
            self.factory.err.line(f"Found {len(pods)} pods, using pod/{pods[0]['metadata']['name']}")
        return self._sources_of_pod(pods[0])

    def _sources_of_pod(self, pod: Obj) -> list[_Source]:
        if self.call.flags.on("all-containers"):
            spec = pod["spec"]
            fields = ("initContainers", "containers", "ephemeralContainers")
            return [self._source(pod, one["name"]) for field in fields for one in spec.get(field) or ()]
        return [self._source(pod, self._container_of(pod))]

    def _container_of(self, pod: Obj) -> str:
        name = self.container
        if not name:
            preset = annotations_of(pod).get(target.DEFAULT_CONTAINER, "")
            if preset and target.find_container(pod, preset) is None:
                self.factory.err.line(f'Default container name "{preset}" not found in pod {pod["metadata"]["name"]}')
            else:
                name = preset
        if not name:
            first: str = pod["spec"]["containers"][0]["name"]
            if target.has_several(pod) and not self.all_pods:
                self.factory.err.line(f'Defaulted container "{first}" out of: {target.all_names(pod)}')
            return first
        return name

    def _source(self, pod: Obj, container: str) -> _Source:
        if target.find_container(pod, container) is None:
            raise CommandError(f"container {container} is not valid for pod {pod['metadata']['name']}")
        prefix = f"[pod/{pod['metadata']['name']}/{container}] " if self.prefix else ""
        return _Source(pod, container, prefix)

    def _parameters(self, container: str) -> dict[str, list[str]]:
        flags = self.call.flags
        parameters: dict[str, Any] = {"container": container}
        for flag in ("follow", "previous", "timestamps"):
            if flags.on(flag):
                parameters[flag] = "true"
        tail = flags.number("tail")
        if self.selector and tail == -1 and not flags.changed("tail"):
            tail = SELECTOR_TAIL
        if tail != -1:
            parameters["tailLines"] = tail
        if flags.string("since-time"):
            parameters["sinceTime"] = flags.string("since-time")
        if flags.seconds("since"):
            parameters["sinceSeconds"] = round(flags.seconds("since"))
        if flags.number("limit-bytes"):
            parameters["limitBytes"] = flags.number("limit-bytes")
        return {name: [str(value)] for name, value in parameters.items()}

    def _open(self, source: _Source) -> str | None:
        """Asks for a log: its text, or None where a stream was opened."""
        meta = source.pod["metadata"]
        body = self.factory.request(
            "get",
            self.factory.mapper.resource("pods"),
            meta["namespace"],
            meta["name"],
            subresource="log",
            parameters=self._parameters(source.container),
        )
        if isinstance(body, str):
            return body
        if isinstance(body, bytes):
            return body.decode(errors="replace")
        source.pollable = Pollable(body)
        return None

    def consume(self, sources: list[_Source]) -> Generator[Wait, None, None]:
        """Prints logs as they come, whole lines of each, until all have ended."""
        opened: list[_Source] = []
        try:
            for source in sources:
                try:
                    text = self._open(source)
                except ApiError as error:
                    if not self.call.flags.on("ignore-errors"):
                        raise
                    self.factory.out.line(f"error: {error.message}")
                    continue
                if text is None:
                    opened.append(source)
                else:
                    self._print(source, text, last=True)
            yield from self._follow(opened)
        finally:
            for source in opened:
                if source.pollable is not None:
                    source.pollable.stop()

    def _follow(self, sources: list[_Source]) -> Generator[Wait, None, None]:
        waiting = list(sources)
        while waiting:
            for source in list(waiting):
                assert source.pollable is not None
                source.pollable.look()
                ended = source.pollable.ended
                data: bytes = source.pollable.stream.read()  # type: ignore[attr-defined]
                self._print(source, data.decode(errors="replace"), last=ended)
                if ended:
                    waiting.remove(source)
            if waiting:
                yield Wait(watches=tuple(source.pollable for source in waiting if source.pollable is not None))

    def _print(self, source: _Source, text: str, *, last: bool) -> None:
        if not source.prefix:
            self.factory.out.write(text)
            return
        *lines, rest = (source.rest + text).split("\n")
        for line in lines:
            self.factory.out.line(source.prefix + line)
        source.rest = rest
        if last and rest:
            self.factory.out.write(source.prefix + rest)


COMMAND = Command(
    "logs",
    "Print the logs for a container in a pod",
    run,
    use="[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER] [options]",
    long="Shows what a container has written to its standard output and standard error.",
    example="kubectl logs web-0\n\n# As it comes\nkubectl logs -f web-0\n\n# Of the container before its restart\n"
    "kubectl logs -p web-0\n\n# The last twenty lines of all pods with a label\n"
    "kubectl logs -l app=web --tail=20 --all-containers",
    group="Troubleshooting and Debugging Commands",
    completes="pods",
    interrupted_code=1,
    flags=(
        common.SELECTOR,
        Flag("all-containers", "bool", help="All containers of the pods"),
        Flag("all-pods", "bool", help="All pods of the workload; with --prefix"),
        Flag("container", shorthand="c", help="The container"),
        Flag("follow", "bool", shorthand="f", help="Goes on as more is written"),
        Flag("ignore-errors", "bool", help="A log that cannot be read is no failure"),
        Flag("insecure-skip-tls-verify-backend", "bool", help="Does not verify the kubelet's certificate"),
        Flag("limit-bytes", "int64", help="The most bytes to show"),
        Flag("max-log-requests", "int", default=MAX_FOLLOWED, help="How many logs are followed at a time"),
        Flag("pod-running-timeout", "duration", default=20.0, help="How long to wait for a pod"),
        Flag("prefix", "bool", help="Says before each line which pod and container it is of"),
        Flag("previous", "bool", shorthand="p", help="The container before its last restart"),
        Flag("since", "duration", help="Only what is younger, such as 5s or 2m", shown="0s"),
        Flag("since-time", help="Only what is younger than this moment (RFC 3339)"),
        Flag("tail", "int64", default=-1, help="How many of the last lines; -1 means all, 10 with a selector"),
        Flag("timestamps", "bool", help="Says before each line when it was written"),
    ),
)
