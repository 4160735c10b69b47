"""Paths into API objects, as lessons write them: `spec.template.spec.containers[nginx].image`.

A step is a field name; `["…"]` takes a key with dots in it; `[0]` takes an item by its place and `[nginx]` the item of
that name (`[type=Ready]` the one whose `type` is `Ready`). A path that leads nowhere gives None.
"""

import re
from functools import lru_cache
from typing import Any

_STEP = re.compile(
    r"""\.?(?P<field>[A-Za-z_][A-Za-z0-9_-]*)
      | \["(?P<key>[^"]+)"\]
      | \[(?P<index>\d+)\]
      | \[(?:(?P<by>[A-Za-z]+)=)?(?P<value>[^\]"=]+)\]""",
    re.VERBOSE,
)
Step = str | int | tuple[str, str]


@lru_cache(maxsize=512)
def parse(path: str) -> tuple[Step, ...]:
    """Return the steps of a path. Raises `ValueError`."""
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if not match or (position == 0 and path[0] == "."):
            raise ValueError(f"{path!r} is not a field path: cannot read it from {path[position:]!r} on")
        if match["index"] is not None:
            steps.append(int(match["index"]))
        elif match["value"] is not None:
            steps.append((match["by"] or "name", match["value"]))
        else:
            steps.append(match["field"] or match["key"])
        position = match.end()
    if not steps:
        raise ValueError("a field path must not be empty")
    return tuple(steps)


def resolve(obj: Any, path: str) -> Any:
    """Return what stands at the path, or None."""
    value = obj
    for step in parse(path):
        if isinstance(step, tuple):
            key, wanted = step
            items = value if isinstance(value, list) else ()
            value = next((item for item in items if isinstance(item, dict) and item.get(key) == wanted), None)
        elif isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
        if value is None:
            return None
    return value
