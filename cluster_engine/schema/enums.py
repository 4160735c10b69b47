"""The values that enumerated fields may have, in the order in which the API's sources list them."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

import orjson


@lru_cache(maxsize=1)
def _enums() -> Any:
    return orjson.loads((files("cluster_engine.schema") / "facts" / "enums.json").read_bytes())


def enum(name: str) -> tuple[str, ...]:
    """The values of an enumeration such as `core/v1.PodPhase`. Raises KeyError for an unknown name."""
    return tuple(_enums()[name])
