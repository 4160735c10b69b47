"""`kubectl drain`. Follows k8s.io/kubectl/pkg/cmd/drain/drain.go and pkg/drain."""

from __future__ import annotations

from collections.abc import Generator

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, namespace_of
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl import cordon, drain_filters
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import Aggregate, CommandError, ExitCode, plain
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.resource.builder import is_not_found
from cluster_engine.kubectl.resource.mapper import Info

POLL_SECONDS = 1.0
RETRY_SECONDS = 5.0


def run(call: Invocation) -> Process:
    flags, err = call.flags, call.factory.err
    common.dry_run(flags)
    if flags.string("pod-selector"):
        try:
            labels.parse(flags.string("pod-selector"))
        except ValueError:
            raise CommandError("--pod-selector=<pod_selector> must be a valid label selector") from None
    infos = yield from cordon.nodes(call)
    cordon.set_unschedulable(call, infos, True)
    fatal: list[Exception] = []
    remaining: list[str] = []
    for info in infos:
        try:
            yield from _Drainer(call, info).drain()
        except (Aggregate, ApiError, CommandError) as error:
            text = error.message
            err.line(f'error: unable to drain node "{info.name}" due to error: {text}, continuing command...')
            fatal.append(error)
            remaining.append(info.name)
            continue
        cordon.say(call, info, "drained")
    if remaining:
        err.line("There are pending nodes to be drained:")
        for name in remaining:
            err.line(f" {name}")
        inner = fatal[0].errors if len(fatal) == 1 and isinstance(fatal[0], Aggregate) else fatal
        for one in inner:
            err.line(plain(one))
        raise ExitCode(1)
    return 0


class _Drainer:
    """The draining of one node."""

    def __init__(self, call: Invocation, node: Info) -> None:
        self.call, self.factory, self.node = call, call.factory, node
        self.dry_run = common.dry_run(call.flags)
        self.evicting = not call.flags.on("disable-eviction")
        self.skip_seconds = call.flags.number("skip-wait-for-delete-timeout")
        timeout_seconds = call.flags.seconds("timeout")
        self.deadline_us = call.factory.deadline_us(timeout_seconds) if timeout_seconds else None
        self.shown_timeout = _go_duration(timeout_seconds)

    def drain(self) -> Generator[Wait, None, None]:
        """Empties the node. Raises Aggregate or CommandError where a pod cannot go."""
        found = drain_filters.pods_of(self.call, self.node.name)
        found.raise_errors()
        warnings = found.warnings()
        if warnings:
            self.factory.warn(warnings)
        if self.dry_run == "client":
            for pod in found.pods():
                self.factory.out.line(f"evicting pod {_named(pod)} (dry run)")
            return
        try:
            yield from (self._evict(found.pods()) if self.evicting else self._delete(found.pods()))
        except (Aggregate, ApiError, CommandError) as error:
            self._say_pending(error.message)
            raise

    def _say_pending(self, why: str) -> None:
        pending = drain_filters.pods_of(self.call, self.node.name)
        if pending.pods():
            self.factory.err.line(f'There are pending pods in node "{self.node.name}" when an error occurred: {why}')
            for pod in pending.pods():
                self.factory.err.line(f"pod/{pod['metadata']['name']}")

    def _options(self) -> Obj:
        grace = self.call.flags.number("grace-period")
        options: Obj = {"gracePeriodSeconds": grace} if grace >= 0 else {}
        return {**options, "dryRun": ["All"]} if self.dry_run == "server" else options

    def _evict(self, pods: list[Obj]) -> Generator[Wait, None, None]:
        """Asks for the eviction of all pods, again and again for those that a budget protects, until they are gone."""
        due = {_named(pod): self.factory.now_us for pod in pods}
        waiting: dict[str, Obj] = {}
        errors: list[Exception] = []
        by_name = {_named(pod): pod for pod in pods}
        while due or waiting:
            for name in [name for name, when in due.items() if when <= self.factory.now_us]:
                self._evict_one(by_name[name], due, waiting, errors)
            for name, pod in list(waiting.items()):
                if self._is_gone(pod):
                    self._say_finished(pod, "evicted")
                    del waiting[name]
            if self._is_late:
                errors += [
                    CommandError(
                        f'error when waiting for pod "{pod["metadata"]["name"]}" in namespace "{namespace_of(pod)}" '
                        "to terminate: context deadline exceeded"
                    )
                    for pod in waiting.values()
                ]
                waiting.clear()
            if due or waiting:
                yield Wait(
                    deadline_us=min([*due.values(), *([self.factory.deadline_us(POLL_SECONDS)] if waiting else [])])
                )
        if errors:
            raise Aggregate(errors)

    def _pause(self, moments: list[int]) -> Wait:
        if self.deadline_us is not None:
            moments.append(self.deadline_us)
        return Wait(deadline_us=min(moments))

    @property
    def _is_late(self) -> bool:
        return self.deadline_us is not None and self.factory.now_us >= self.deadline_us

    def _global_timeout(self, pod: Obj) -> str:
        return f"error when evicting {_quoted(pod)}: global timeout reached: {self.shown_timeout}"

    def _evict_one(self, pod: Obj, due: dict[str, int], waiting: dict[str, Obj], errors: list[Exception]) -> None:
        name = _named(pod)
        suffix = " (server dry run)" if self.dry_run == "server" else ""
        self.factory.out.line(f"evicting pod {name}{suffix}")
        if self._is_late:
            errors.append(CommandError(self._global_timeout(pod)))
            del due[name]
            return
        try:
            self._request_eviction(pod)
        except ApiError as error:
            if error.code == 429:
                self.factory.err.line(
                    f"error when evicting {_quoted(pod)} (will retry after {RETRY_SECONDS:g}s): {error.message}"
                )
                due[name] = self.factory.deadline_us(RETRY_SECONDS)
                return
            if not is_not_found(error):
                errors.append(CommandError(f"error when evicting {_quoted(pod)}: {error.message}"))
            del due[name]
            return
        del due[name]
        if self.dry_run != "server":
            waiting[name] = pod

    def _request_eviction(self, pod: Obj) -> None:
        meta = pod["metadata"]
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
            "deleteOptions": self._options(),
        }
        self.factory.request(
            "create",
            self.factory.mapper.resource("pods"),
            meta["namespace"],
            meta["name"],
            subresource="eviction",
            body=body,
            dry_run=self.dry_run == "server",
        )

    def _delete(self, pods: list[Obj]) -> Generator[Wait, None, None]:
        grace = self.call.flags.number("grace-period")
        resource = self.factory.mapper.resource("pods")
        for pod in pods:
            meta = pod["metadata"]
            try:
                self.factory.request(
                    "delete",
                    resource,
                    meta["namespace"],
                    meta["name"],
                    grace_period_seconds=grace if grace >= 0 else None,
                    dry_run=self.dry_run == "server",
                )
            except ApiError as error:
                if not is_not_found(error):
                    raise
        left = list(pods) if self.dry_run != "server" else []
        while left:
            for pod in list(left):
                if self._is_gone(pod):
                    self._say_finished(pod, "deleted")
                    left.remove(pod)
            if left and self.deadline_us is not None and self.factory.now_us >= self.deadline_us:
                raise CommandError("context deadline exceeded")
            if left:
                yield self._pause([self.factory.deadline_us(POLL_SECONDS)])

    def _is_gone(self, pod: Obj) -> bool:
        """Whether the pod is gone, is another one, or need not be waited for any longer."""
        meta = pod["metadata"]
        try:
            present = self.factory.get(self.factory.mapper.resource("pods"), meta["namespace"], meta["name"])
        except ApiError as error:
            if is_not_found(error):
                return True
            raise
        return bool(present["metadata"]["uid"] != meta["uid"])

    def _say_finished(self, pod: Obj, verb: str) -> None:
        suffix = common.dry_run_suffix(self.dry_run)
        self.factory.out.line(f"pod/{pod['metadata']['name']} {verb}{suffix}")


def _named(pod: Obj) -> str:
    return f"{namespace_of(pod)}/{pod['metadata']['name']}"


def _quoted(pod: Obj) -> str:
    return f'pods/"{pod["metadata"]["name"]}" -n "{namespace_of(pod)}"'


def _go_duration(seconds: float) -> str:
    """Seconds as Go prints a duration: `1m30s`."""
    if not seconds:
        return "2562047h47m16.854775807s"
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60 + seconds - whole
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{head}{rest:g}s"


COMMAND = Command(
    "drain",
    "Drain node in preparation for maintenance",
    run,
    use="NODE [options]",
    long="Empties a node: it is cordoned, and its pods are evicted, as far as disruption budgets allow.\n\n"
    "Pods of DaemonSets stay (--ignore-daemonsets says that this is known); pods that nobody would replace need "
    "--force, and pods with data in an emptyDir need --delete-emptydir-data.",
    example="kubectl drain k8s-node01 --ignore-daemonsets\n\nkubectl drain k8s-node01 --force --grace-period=60",
    group="Cluster Management Commands",
    completes="nodes",
    flags=(
        common.SELECTOR,
        common.DRY_RUN,
        common.CHUNK_SIZE,
        common.TIMEOUT,
        Flag("delete-emptydir-data", "bool", help="Pods with an emptyDir go too, and their data with them"),
        Flag("disable-eviction", "bool", help="Deletes instead of evicting: disruption budgets are not asked"),
        Flag("force", "bool", help="Pods without a controller go too"),
        Flag("grace-period", "int", default=-1, help="Seconds that pods get to end; negative leaves it to the pod"),
        Flag("ignore-daemonsets", "bool", help="Leaves pods of DaemonSets where they are"),
        Flag("pod-selector", help="Only pods with these labels"),
        Flag(
            "skip-wait-for-delete-timeout",
            "int",
            help="Does not wait for pods that have been ending for longer than this",
        ),
    ),
)
