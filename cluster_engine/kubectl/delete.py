"""`kubectl delete`. Follows k8s.io/kubectl/pkg/cmd/delete/delete.go and pkg/cmd/wait/delete.go."""

from __future__ import annotations

from collections.abc import Generator

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apiserver.request import Propagation, Watch
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl import raw
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, raise_all, with_source
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.flags import Flag, Flags
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.resource.builder import Builder, is_not_found
from cluster_engine.kubectl.resource.mapper import Info, object_name

WEEK_SECONDS = 168 * 3600.0
_FORCE_WARNING = (
    "Immediate deletion does not wait for confirmation that the running resource has been terminated. "
    "The resource may continue to run on the cluster indefinitely."
)


def run(call: Invocation) -> Process:
    if call.flags.string("raw"):
        return raw.delete(call, call.flags.string("raw"))
    if call.flags.on("all") and call.flags.string("selector"):
        raise CommandError("setting 'all' parameter but found a non empty selector. ")
    deleter = Deleter(call)
    builder = Builder.of(call.factory, call.flags, call.args, require_object=False)
    result = yield from builder.do()
    deleter.validate()
    result.ignore_not_found = deleter.ignore_not_found
    deleted: list[tuple[Info, str]] = []
    errors: list[Exception] = []
    found = 0
    for item in result.visit():
        if isinstance(item, Exception):
            errors.append(item)
            continue
        found += 1
        try:
            deleted.append((item, deleter.delete(item)))
        except ApiError as error:
            if not (deleter.ignore_not_found and is_not_found(error)):
                errors.append(with_source("deleting", item.source, error))
    raise_all(errors)
    if not found:
        call.factory.out.line("No resources found")
    elif call.flags.on("wait") and deleter.dry_run == "none":
        yield from wait_until_gone(call.factory, deleted, call.flags.seconds("timeout"))
    return 0


def cascade(flags: Flags, factory: Factory) -> Propagation:
    """What `--cascade` means. Follows cmdutil.GetCascadingStrategy."""
    value = flags.string("cascade")
    for word, instead in (("true", "background"), ("false", "orphan")):
        if value == word:
            factory.err.line(
                f"warning: --cascade={word} is deprecated (boolean value) and can be replaced with --cascade={instead}."
            )
            value = instead
    words: dict[str, Propagation] = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}
    if value not in words:
        raise CommandError(f'invalid cascade value ({value}). Must be "background", "foreground", or "orphan"')
    return words[value]


class Deleter:
    """One call of `delete`."""

    def __init__(self, call: Invocation) -> None:
        flags = call.flags
        self.call, self.factory = call, call.factory
        self.dry_run = common.dry_run(flags)
        self.propagation = cascade(flags, call.factory)
        self.force = flags.on("force")
        self.grace_period = flags.number("grace-period")
        self.cluster_scope_warned = not call.factory.explicit_namespace
        chosen = any(flags.values.get(name) for name in ("all", "selector", "field-selector"))
        self.ignore_not_found = flags.on("ignore-not-found") or bool(chosen and not flags.changed("ignore-not-found"))
        if flags.on("now"):
            if self.grace_period != -1:
                raise CommandError("--now and --grace-period cannot be specified together")
            self.grace_period = 1
        if self.grace_period == 0 and not self.force:
            # One second is the least without --force, so that nothing is lost by a slip.
            self.grace_period = 1
        if self.force and self.grace_period < 0:
            self.grace_period = 0

    def validate(self) -> None:
        flags = self.call.flags
        if flags.string("output") not in ("", "name"):
            raise CommandError(f"unexpected -o output mode: {flags.string('output')}. We only support '-o name'")
        if flags.on("all") and flags.string("selector"):
            raise CommandError("cannot set --all and --selector at the same time")
        if flags.on("all") and flags.string("field-selector"):
            raise CommandError("cannot set --all and --field-selector at the same time")
        if flags.on("interactive"):
            raise CommandError("the terminal's kubectl does not have --interactive yet")
        if self.force and self.grace_period == 0:
            self.factory.warn(_FORCE_WARNING)
        elif self.force and self.grace_period > 0:
            raise CommandError("--force and --grace-period greater than 0 cannot be specified together")

    def delete(self, info: Info) -> str:
        """Asks for deletion and says so; returns the uid of what was deleted, "" where the server does not say."""
        if not self.cluster_scope_warned and not info.resource.namespaced:
            self.factory.warn("deleting cluster-scoped resources, not scoped to the provided namespace")
            self.cluster_scope_warned = True
        uid = ""
        if self.dry_run != "client":
            response: Obj = self.factory.request(
                "delete",
                info.resource,
                info.namespace,
                info.name,
                dry_run=self.dry_run == "server",
                propagation_policy=self.propagation,
                grace_period_seconds=self.grace_period if self.grace_period >= 0 else None,
            )
            if response.get("kind") == "Status":
                uid = (response.get("details") or {}).get("uid", "")
            else:
                uid = response["metadata"].get("uid", "")
        self.factory.out.line(self._said(info))
        return uid

    def _said(self, info: Info) -> str:
        if self.call.flags.string("output") == "name":
            return object_name(info.resource, info.name)
        operation = ("force deleted" if self.grace_period == 0 else "deleted") + common.dry_run_suffix(self.dry_run)
        return f'{info.resource.group_kind.lower()} "{info.name}" {operation}'


def wait_until_gone(
    factory: Factory, deleted: list[tuple[Info, str]], timeout_seconds: float
) -> Generator[Wait, None, None]:
    """Waits until every object is gone or is another one of the same name.

    Raises CommandError when the time is over.
    """
    deadline_us = factory.deadline_us(timeout_seconds or WEEK_SECONDS)
    errors: list[Exception] = []
    for info, uid in deleted:
        try:
            yield from _wait_for_one(factory, info, uid, deadline_us)
        except CommandError as error:
            errors.append(error)
    raise_all(errors)


def _wait_for_one(factory: Factory, info: Info, uid: str, deadline_us: int) -> Generator[Wait, None, None]:
    if not _is_there(factory, info, uid):
        return
    watch: Watch = factory.request("watch", info.resource, info.namespace, info.name)
    try:
        while _is_there(factory, info, uid):
            if factory.now_us >= deadline_us:
                raise CommandError(f"timed out waiting for the condition on {info.resource.plural}/{info.name}")
            while watch.pop() is not None:
                pass
            yield Wait(watches=(watch,), deadline_us=deadline_us)
    finally:
        watch.stop()


def _is_there(factory: Factory, info: Info, uid: str) -> bool:
    try:
        obj = factory.get(info.resource, info.namespace, info.name)
    except ApiError as error:
        if is_not_found(error):
            return False
        raise
    return not uid or obj["metadata"].get("uid") == uid


COMMAND = Command(
    "delete",
    "Delete resources by file names, stdin, resources and names, or by resources and label selector",
    run,
    use="([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)]) [options]",
    long="Deletes resources and waits until they are gone.\n\n"
    "Pods get time to end (--grace-period); what a resource owns goes with it unless --cascade=orphan.",
    example="# By file\nkubectl delete -f ./web.yaml\n\n# By name\nkubectl delete pod web-0\n\n# By label\n"
    "kubectl delete pods,services -l app=web\n\n# All of a type\nkubectl delete pods --all",
    group="Basic Commands (Intermediate)",
    interrupted_code=1,
    flags=(
        *common.filename("to delete"),
        common.SELECTOR,
        common.FIELD_SELECTOR,
        common.ALL,
        common.ALL_NAMESPACES,
        common.DRY_RUN,
        common.cascade(),
        common.GRACE_PERIOD,
        common.TIMEOUT,
        Flag("force", "bool", help="Removes at once, without waiting for the node"),
        Flag("ignore-not-found", "bool", help="A name that does not exist is no error"),
        Flag("interactive", "bool", shorthand="i", help="Asks before it deletes"),
        Flag("now", "bool", help="The same as --grace-period=1"),
        Flag("output", shorthand="o", help='"name" prints names only'),
        Flag("raw", help="A path to delete"),
        Flag("wait", "bool", default=True, help="Waits until the resources are gone"),
    ),
)
