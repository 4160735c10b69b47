"""What people may choose from: every fault, with its words in English and Chinese (`words.yaml`).

Data for a menu; which targets there are at the moment is said by `FaultInjector.targets`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

from cluster_engine.api.podarium.fault import KINDS, FaultKind, Parameter

# Language ("en", or "zh" for simplified Chinese) -> text.
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One fault of the menu. `title` says what is done, `effect` what is seen of it and how it heals."""

    kind: FaultKind
    title: Words
    effect: Words

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return self.kind.parameters


@lru_cache(maxsize=1)
def catalogue() -> tuple[Entry, ...]:
    """All faults, in the order of the menu: the control plane first, then nodes, containers and the registries."""
    kinds = {f"{kind.type} {kind.target}": kind for kind in KINDS}
    text = resources.files("cluster_engine.faults").joinpath("words.yaml").read_text(encoding="utf-8")
    entries: list[Entry] = []
    listed: list[dict[str, Any]] = yaml.safe_load(text)
    for words in listed:
        title, effect = ({lang: words[lang][part] for lang in ("en", "zh")} for part in ("title", "effect"))
        entries.append(Entry(kinds[words["fault"]], title, effect))
    return tuple(entries)
