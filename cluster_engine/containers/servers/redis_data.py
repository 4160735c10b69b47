"""What a Redis server keeps, and its commands on it."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

MAX_KEYS = 20_000
MAX_VALUE = 512 * 1024
WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
NOT_INTEGER = "ERR value is not an integer or out of range"

Value = str | list[str] | dict[str, str] | set[str]
# None is nil, an int an integer, a str a bulk text, a list an array.
Reply = Any


class RedisFault(Exception):
    """An error reply."""


class Ok(str):
    """A simple text: `OK`, `PONG`."""

    __slots__ = ()


class Data:
    """One database. Times are virtual microseconds."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.expires_us: dict[str, int] = {}

    def drop_expired(self, now_us: int) -> None:
        for key in [key for key, when_us in self.expires_us.items() if when_us <= now_us]:
            self.delete(key)

    def delete(self, key: str) -> bool:
        self.expires_us.pop(key, None)
        return self.values.pop(key, None) is not None

    def get(self, key: str, kind: type[Any]) -> Any:
        """The value of a kind (str, list, dict, set); a new one of that kind where there is none, None for a text."""
        value = self.values.get(key)
        if value is None:
            return None if kind is str else kind()
        if not isinstance(value, kind):
            raise RedisFault(WRONG_TYPE)
        return value

    def put(self, key: str, value: Value) -> None:
        if (key not in self.values and len(self.values) >= MAX_KEYS) or len(str(value)) > MAX_VALUE:
            raise RedisFault("OOM command not allowed when used memory > 'maxmemory'.")
        if not value and not isinstance(value, str):
            self.delete(key)
        else:
            self.values[key] = value

    def dump(self) -> dict[str, Any]:
        """As JSON can say it."""
        values = {key: sorted(value) if isinstance(value, set) else value for key, value in self.values.items()}
        sets = [key for key, value in self.values.items() if isinstance(value, set)]
        return {"values": values, "sets": sets, "expires": dict(self.expires_us)}

    def commands(self) -> list[Reply]:
        """The commands that make a copy of it."""
        commands: list[Reply] = []
        for key, value in self.values.items():
            if isinstance(value, str):
                commands.append(["SET", key, value])
            elif isinstance(value, list):
                commands.append(["RPUSH", key, *value])
            elif isinstance(value, set):
                commands.append(["SADD", key, *sorted(value)])
            else:
                commands.append(["HSET", key, *(part for pair in value.items() for part in pair)])
        return commands

    def load(self, dump: dict[str, Any]) -> None:
        self.values = {key: set(v) if key in dump["sets"] else v for key, v in dump["values"].items()}
        self.expires_us = {key: int(when) for key, when in dump["expires"].items()}


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise RedisFault(NOT_INTEGER) from None


def _set(data: Data, args: list[str], now_us: int) -> Reply:
    key, value, *options = args
    words = [word.upper() for word in options]
    if ("NX" in words and key in data.values) or ("XX" in words and key not in data.values):
        return None
    data.put(key, value)
    data.expires_us.pop(key, None)
    for unit, factor in (("EX", 1_000_000), ("PX", 1_000)):
        if unit in words[:-1]:
            data.expires_us[key] = now_us + _integer(words[words.index(unit) + 1]) * factor
    return Ok("OK")


def _add(data: Data, key: str, amount: int) -> int:
    value = _integer(data.get(key, str) or "0") + amount
    data.put(key, str(value))
    return value


def _expire(data: Data, args: list[str], now_us: int) -> int:
    if args[0] not in data.values:
        return 0
    data.expires_us[args[0]] = now_us + _integer(args[1]) * 1_000_000
    return 1


def _ttl(data: Data, args: list[str], now_us: int) -> int:
    if args[0] not in data.values:
        return -2
    when_us = data.expires_us.get(args[0])
    return -1 if when_us is None else -(-(when_us - now_us) // 1_000_000)


def _push(data: Data, args: list[str], *, left: bool) -> int:
    items = [*data.get(args[0], list)]
    for value in args[1:]:
        items.insert(0 if left else len(items), value)
    data.put(args[0], items)
    return len(items)


def _pop(data: Data, key: str, index: int) -> str | None:
    items = [*data.get(key, list)]
    if not items:
        return None
    value = items.pop(index)
    data.put(key, items)
    return str(value)


def _range(items: list[str], first: str, last: str) -> list[str]:
    start, stop = _integer(first), _integer(last)
    size = len(items)
    start = max(size + start, 0) if start < 0 else start
    stop = size + stop if stop < 0 else stop
    return items[start : stop + 1]


def _hash_set(data: Data, args: list[str]) -> int:
    fields = dict(data.get(args[0], dict))
    before = len(fields)
    fields.update(zip(args[1::2], args[2::2], strict=False))
    data.put(args[0], fields)
    return len(fields) - before


def _set_change(data: Data, args: list[str], *, add: bool) -> int:
    members = set(data.get(args[0], set))
    before = len(members)
    members = members | set(args[1:]) if add else members - set(args[1:])
    data.put(args[0], members)
    return abs(len(members) - before)


def _type(data: Data, key: str) -> Ok:
    names: dict[type[Any], str] = {str: "string", list: "list", dict: "hash", set: "set"}
    value = data.values.get(key)
    return Ok("none" if value is None else names[type(value)])


def _multi_set(data: Data, args: list[str]) -> Ok:
    for key, value in zip(args[0::2], args[1::2], strict=False):
        data.put(key, value)
    return Ok("OK")


def _get_set(data: Data, args: list[str]) -> str | None:
    old: str | None = data.get(args[0], str)
    data.put(args[0], args[1])
    return old


def _append(data: Data, args: list[str]) -> int:
    text = (data.get(args[0], str) or "") + args[1]
    data.put(args[0], text)
    return len(text)


def _flush(data: Data) -> Ok:
    data.values.clear()
    data.expires_us.clear()
    return Ok("OK")


def _rename(data: Data, args: list[str]) -> Ok:
    if args[0] not in data.values:
        raise RedisFault("ERR no such key")
    data.values[args[1]] = data.values.pop(args[0])
    return Ok("OK")


Execute = Callable[[Data, list[str], int], Reply]
# name: (fewest arguments, most or None, whether it writes, what it does)
COMMANDS: dict[str, tuple[int, int | None, bool, Execute]] = {
    "SET": (2, None, True, _set),
    "SETNX": (2, 2, True, lambda d, a, n: int(_set(d, [*a, "NX"], n) is not None)),
    "SETEX": (3, 3, True, lambda d, a, n: _set(d, [a[0], a[2], "EX", a[1]], n)),
    "GET": (1, 1, False, lambda d, a, n: d.get(a[0], str)),
    "GETSET": (2, 2, True, lambda d, a, n: _get_set(d, a)),
    "MSET": (2, None, True, lambda d, a, n: _multi_set(d, a)),
    "MGET": (1, None, False, lambda d, a, n: [v if isinstance(v := d.values.get(k), str) else None for k in a]),
    "APPEND": (2, 2, True, lambda d, a, n: _append(d, a)),
    "STRLEN": (1, 1, False, lambda d, a, n: len(d.get(a[0], str) or "")),
    "DEL": (1, None, True, lambda d, a, n: sum(d.delete(key) for key in a)),
    "UNLINK": (1, None, True, lambda d, a, n: sum(d.delete(key) for key in a)),
    "EXISTS": (1, None, False, lambda d, a, n: sum(key in d.values for key in a)),
    "INCR": (1, 1, True, lambda d, a, n: _add(d, a[0], 1)),
    "DECR": (1, 1, True, lambda d, a, n: _add(d, a[0], -1)),
    "INCRBY": (2, 2, True, lambda d, a, n: _add(d, a[0], _integer(a[1]))),
    "DECRBY": (2, 2, True, lambda d, a, n: _add(d, a[0], -_integer(a[1]))),
    "EXPIRE": (2, 2, True, _expire),
    "TTL": (1, 1, False, _ttl),
    "PERSIST": (1, 1, True, lambda d, a, n: int(d.expires_us.pop(a[0], None) is not None)),
    "TYPE": (1, 1, False, lambda d, a, n: _type(d, a[0])),
    "KEYS": (1, 1, False, lambda d, a, n: sorted(k for k in d.values if fnmatch.fnmatchcase(k, a[0][:200]))),
    "SCAN": (1, None, False, lambda d, a, n: ["0", sorted(d.values)]),
    "RANDOMKEY": (0, 0, False, lambda d, a, n: next(iter(sorted(d.values)), None)),
    "RENAME": (2, 2, True, lambda d, a, n: _rename(d, a)),
    "DBSIZE": (0, 0, False, lambda d, a, n: len(d.values)),
    "FLUSHALL": (0, 1, True, lambda d, a, n: _flush(d)),
    "FLUSHDB": (0, 1, True, lambda d, a, n: _flush(d)),
    "LPUSH": (2, None, True, lambda d, a, n: _push(d, a, left=True)),
    "RPUSH": (2, None, True, lambda d, a, n: _push(d, a, left=False)),
    "LPOP": (1, 1, True, lambda d, a, n: _pop(d, a[0], 0)),
    "RPOP": (1, 1, True, lambda d, a, n: _pop(d, a[0], -1)),
    "LLEN": (1, 1, False, lambda d, a, n: len(d.get(a[0], list))),
    "LRANGE": (3, 3, False, lambda d, a, n: _range(d.get(a[0], list), a[1], a[2])),
    "SADD": (2, None, True, lambda d, a, n: _set_change(d, a, add=True)),
    "SREM": (2, None, True, lambda d, a, n: _set_change(d, a, add=False)),
    "SMEMBERS": (1, 1, False, lambda d, a, n: sorted(d.get(a[0], set))),
    "SISMEMBER": (2, 2, False, lambda d, a, n: int(a[1] in d.get(a[0], set))),
    "SCARD": (1, 1, False, lambda d, a, n: len(d.get(a[0], set))),
    "HSET": (3, None, True, lambda d, a, n: _hash_set(d, a)),
    "HMSET": (3, None, True, lambda d, a, n: (_hash_set(d, a), Ok("OK"))[1]),
    "HGET": (2, 2, False, lambda d, a, n: d.get(a[0], dict).get(a[1])),
    "HGETALL": (1, 1, False, lambda d, a, n: [part for pair in d.get(a[0], dict).items() for part in pair]),
    "HKEYS": (1, 1, False, lambda d, a, n: list(d.get(a[0], dict))),
    "HLEN": (1, 1, False, lambda d, a, n: len(d.get(a[0], dict))),
}
