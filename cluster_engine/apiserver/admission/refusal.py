"""The words in which admission refuses. Follows k8s.io/apiserver/pkg/admission/errors.go."""

from __future__ import annotations

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj

_SUFFIX_LENGTH = 5


def forbidden(strategy: Strategy, obj: Obj, why: str, *, named: bool = True) -> ApiError:
    """403 in the object's name. Plugins that change an object come before a name is generated (`named` False)."""
    meta = obj["metadata"]
    name, base = meta.get("name") or "", meta.get("generateName") or ""
    if not named and base and name.startswith(base) and len(name) == len(base) + _SUFFIX_LENGTH:
        name = base
    return errors.forbidden(strategy.resource.plural, strategy.resource.group, name, why)


def aggregate(faults: list[str]) -> str:
    """Several faults in one sentence, each once. Follows util/errors.NewAggregate."""
    listed = list(dict.fromkeys(faults))
    return listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"
