"""A debug switch: stored values become dicts and lists that raise when somebody changes them.

With `PODARIUM_FREEZE=1` in the environment (the tests set it) the store freezes what it keeps, so that a component that
changes a shared object fails at the line that does it.
"""

from __future__ import annotations

import os
from typing import Any, NoReturn

ENABLED = os.environ.get("PODARIUM_FREEZE") == "1"


class FrozenObjectError(TypeError):
    """Somebody tried to change an object that is stored, and so shared."""


def _refuse(_self: object, *_args: object, **_kwargs: object) -> NoReturn:
    raise FrozenObjectError("a stored object is immutable: build a new dict that shares what you do not change")


class FrozenDict(dict[str, Any]):
    """A dict that reads like one and refuses every change."""

    __slots__ = ()
    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __deepcopy__(self, memo: object) -> dict[str, Any]:
        return {key: thaw(value) for key, value in self.items()}


class FrozenList(list[Any]):
    """A list that reads like one and refuses every change."""

    __slots__ = ()
    __setitem__ = __delitem__ = append = clear = extend = insert = pop = remove = reverse = sort = _refuse
    __iadd__ = __imul__ = _refuse

    def __deepcopy__(self, memo: object) -> list[Any]:
        return [thaw(value) for value in self]


def freeze(value: Any) -> Any:
    """The same value, frozen through and through; parts that are frozen already are shared."""
    kind = type(value)
    if kind is FrozenDict or kind is FrozenList:
        return value
    if isinstance(value, dict):
        return FrozenDict({key: freeze(item) for key, item in value.items()})
    if isinstance(value, list):
        return FrozenList(freeze(item) for item in value)
    return value


def thaw(value: Any) -> Any:
    """A deep copy in plain dicts and lists."""
    if isinstance(value, dict):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, list):
        return [thaw(item) for item in value]
    return value
