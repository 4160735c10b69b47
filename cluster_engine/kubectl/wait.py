"""`kubectl wait`. Follows k8s.io/kubectl/pkg/cmd/wait."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from cluster_engine.apimachinery.errors import ApiError, not_found
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.apiserver.request import Watch
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.delete import WEEK_SECONDS
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers import jsonpath
from cluster_engine.kubectl.printers.custom_columns import go_text
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.resource.builder import Builder, Result, is_not_found
from cluster_engine.kubectl.resource.mapper import Info

POLL_SECONDS = 0.5
_TIMED_OUT = "timed out waiting for the condition"
_JSONPATH_FORM = (
    "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or "
    "--for=jsonpath='{.status.readyReplicas}'"
)

Test = Callable[[Obj], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """One `--for`: "create", "delete", or a test of the object."""

    word: str
    test: Test | None = None


def run(call: Invocation) -> Process:
    flags, factory = call.flags, call.factory
    printer = object_printer(flags, factory.files, "condition met")
    conditions = [_condition(text) for text in flags.strings("for")]
    if not conditions:
        raise CommandError('unrecognized condition: ""')
    timeout_seconds = flags.seconds("timeout")
    waiter = _Waiter(call, WEEK_SECONDS if timeout_seconds < 0 else timeout_seconds)
    if any(condition.word == "create" for condition in conditions):
        yield from waiter.until_created()
    result = yield from waiter.find()
    deleting = any(condition.word == "delete" for condition in conditions)
    result.ignore_not_found = deleting
    errors: list[Exception] = []
    count = 0
    for item in result.visit():
        if isinstance(item, Exception):
            errors.append(item)
            continue
        count += 1
        try:
            for condition in conditions:
                obj = yield from waiter.wait(item, condition)
                factory.out.write(printer(obj))
        except (ApiError, CommandError) as error:
            errors.append(error)
    raise_all(errors)
    if not count and not deleting:
        raise CommandError("no matching resources found")
    return 0


def _condition(text: str) -> Condition:
    if text.lower() in ("delete", "create"):
        return Condition(text.lower())
    if text.startswith("condition="):
        name, equals, value = text.removeprefix("condition=").partition("=")
        return Condition("", _status_test(name, value if equals else "true"))
    if text.startswith("jsonpath="):
        return Condition("", _jsonpath_test(text.removeprefix("jsonpath=")))
    raise CommandError(f'unrecognized condition: "{text}"')


def _status_test(name: str, wanted: str) -> Test:
    def met(obj: Obj) -> bool:
        for condition in dig(obj, "status", "conditions", default=()):
            if str(condition.get("type", "")).casefold() != name.casefold() or "status" not in condition:
                continue
            observed = condition.get("observedGeneration", dig(obj, "status", "observedGeneration"))
            generation = obj["metadata"].get("generation")
            if generation is not None and observed is not None and observed < generation:
                return False
            return str(condition["status"]).casefold() == wanted.casefold()
        return False

    return met


def _jsonpath_test(text: str) -> Test:
    parts = _split(text)
    if len(parts) > 2:
        raise CommandError(_JSONPATH_FORM)
    try:
        path = jsonpath.relaxed(parts[0])
        if not path:
            raise CommandError("jsonpath expression cannot be empty")
        jsonpath.find(path, {})
    except jsonpath.JsonPathError as error:
        raise CommandError(str(error)) from None
    wanted = parts[1].strip("'\"") if len(parts) > 1 else None
    if wanted == "":
        raise CommandError(
            "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3"
        )

    def met(obj: Obj) -> bool:
        try:
            found = jsonpath.find(path, obj)
        except jsonpath.JsonPathError as error:
            raise CommandError(str(error)) from None
        return bool(found) and _matches(found, wanted)

    return met


def _split(text: str) -> list[str]:
    """The parts between single `=`; `==` is a comparison and separates nothing."""
    parts, part, index = [], "", 0
    while index < len(text):
        if text.startswith("==", index):
            part += "=="
            index += 2
            continue
        if text[index] == "=":
            parts.append(part)
            part = ""
        else:
            part += text[index]
        index += 1
    return [*parts, part]


def _matches(found: Sequence[Any], wanted: str | None) -> bool:
    if len(found) > 1:
        raise CommandError("given jsonpath expression matches more than one value")
    if wanted is None:
        return True
    if isinstance(found[0], dict | list | tuple):
        raise CommandError("jsonpath leads to a nested object or list which is not supported")
    return go_text(found[0]).strip() == wanted.strip()


class _Waiter:
    """One call of `wait`: all objects share its time."""

    def __init__(self, call: Invocation, timeout_seconds: float) -> None:
        self.call = call
        self.factory = call.factory
        self.timeout_seconds = timeout_seconds
        # Once the time is over, nobody is waited for or looked at any more.
        self.over = False
        self.deadline_us = call.factory.deadline_us(timeout_seconds)

    def find(self) -> Generator[Wait, None, Result]:
        local = self.call.flags.on("local")
        return (yield from Builder.of(self.factory, self.call.flags, self.call.args, latest=not local).do())

    def until_created(self) -> Generator[Wait, None, None]:
        while True:
            found, errors = (yield from self.find()).infos()
            if found:
                return
            raise_all([error for error in errors if not is_not_found(error)])
            if self.factory.now_us >= self.deadline_us:
                raise CommandError(_TIMED_OUT)
            next_us = self.factory.deadline_us(POLL_SECONDS)
            yield Wait(deadline_us=min(next_us, self.deadline_us))

    def wait(self, info: Info, condition: Condition) -> Generator[Wait, None, Obj]:
        """The object when the condition holds. Raises CommandError when the time is over."""
        if condition.word == "create":
            return info.obj
        test = condition.test
        if self.timeout_seconds == 0:
            return self._once(info, test)
        if self.over:
            raise CommandError(f"{_TIMED_OUT} on {info.resource.plural}/{info.name}")
        watch: Watch | None = None
        try:
            while True:
                obj = self._read(info)
                if test is None and obj is None:
                    return info.obj
                if test is not None:
                    if obj is None:
                        raise not_found(info.resource.plural, info.resource.group, info.name)
                    if test(obj):
                        return obj
                if self.factory.now_us >= self.deadline_us:
                    self.over = True
                    raise CommandError(f"{_TIMED_OUT} on {info.resource.plural}/{info.name}")
                if watch is None:
                    watch = self._watch(info)
                while watch.pop() is not None:
                    pass
                yield Wait(watches=(watch,), deadline_us=self.deadline_us)
        finally:
            if watch is not None:
                watch.stop()

    def _watch(self, info: Info) -> Watch:
        return self.factory.request("watch", info.resource, info.namespace, info.name)  # type: ignore[no-any-return]

    def _once(self, info: Info, test: Test | None) -> Obj:
        obj = self._read(info)
        if test is None and obj is None:
            return info.obj
        if obj is None:
            raise not_found(info.resource.plural, info.resource.group, info.name)
        if test is None or not test(obj):
            raise CommandError(f"condition not met for {info.resource.plural}/{info.name}")
        return obj

    def _read(self, info: Info) -> Obj | None:
        try:
            return self.factory.get(info.resource, info.namespace, info.name)
        except ApiError as error:
            if is_not_found(error):
                return None
            raise


COMMAND = Command(
    "wait",
    "Experimental: Wait for a specific condition on one or many resources",
    run,
    use="([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) "
    "[--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]] [options]",
    long="Waits until objects exist, are gone, have a condition, or have a value in a field. Conditions "
    "are compared without regard to upper and lower case; several --for are waited for one after the other.",
    example="# A pod that is ready\nkubectl wait --for=condition=Ready pod/web-0\n\n# A value in a field\n"
    "kubectl wait --for=jsonpath='{.status.phase}'=Running pod/web-0\n\n# Until it is gone\n"
    "kubectl wait --for=delete pod/web-0 --timeout=60s",
    group="Advanced Commands",
    interrupted_code=1,
    flags=(
        *common.filename("to wait for"),
        *common.output(),
        common.SELECTOR,
        common.FIELD_SELECTOR,
        common.ALL,
        common.ALL_NAMESPACES,
        common.LOCAL,
        Flag(
            "for",
            "stringArray",
            help="What to wait for: create, delete, condition=NAME[=VALUE] or jsonpath=PATH[=VALUE]",
        ),
        Flag(
            "timeout",
            "duration",
            default=30.0,
            help="How long to wait; zero looks once, a negative time means a week",
        ),
    ),
)
