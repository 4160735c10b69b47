"""A fault as a value, and as an object of the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster_engine.api.podarium.fault import FaultKind, FaultStrategy, kind_of
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.meta import Obj

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
STRATEGY = FaultStrategy()
RESOURCE = FaultStrategy.resource


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, e.g. `Fault("Slow", "kubelet/k8s-node01", {"seconds": 2})`.

    Types, targets and parameters are those of `catalogue()`; parameters that are left out have their defaults. With
    `duration_seconds` it is lifted by itself.
    """

    type: str
    target: str
    parameters: Mapping[str, float | str] = field(default_factory=dict)
    duration_seconds: float | None = None

    @property
    def name(self) -> str:
        """The name of its object: there is one fault of a type on a target at a time."""
        return f"{_CAPITAL.sub('-', self.type)}-{self.target.replace('/', '-')}".lower()

    @property
    def kind(self) -> FaultKind:
        """The entry of the table; `ApiError` where there is none."""
        found = kind_of(self.type, self.target)
        if found is None:
            raise errors.bad_request(f"there is no fault {self.type} of {self.target}")
        return found

    @property
    def area(self) -> str:
        """What kind of thing it is done to: `kubelet` of `kubelet/k8s-node01`."""
        return self.target.partition("/")[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Which one of its kind: `("k8s-node01",)` of `kubelet/k8s-node01`."""
        return tuple(self.target.split("/")[1:])

    def number(self, parameter: str) -> float:
        return float(self._parameter(parameter))

    def word(self, parameter: str) -> str:
        return str(self._parameter(parameter))

    def _parameter(self, name: str) -> float | str:
        if name in self.parameters:
            return self.parameters[name]
        return next(parameter.default for parameter in self.kind.parameters if parameter.name == name)

    def to_object(self) -> Obj:
        """The Fault to create. Raises `ApiError` (Invalid) for one that there is not."""
        spec: Obj = {"type": self.type, "target": self.target}
        if self.parameters:
            spec["parameters"] = dict(self.parameters)
        if self.duration_seconds is not None:
            spec["durationSeconds"] = self.duration_seconds
        head = {"apiVersion": RESOURCE.api_version, "kind": RESOURCE.kind, "metadata": {"name": self.name}}
        obj = STRATEGY.default({**head, "spec": spec})
        faults = STRATEGY.validate(obj)
        if faults:
            raise errors.invalid(RESOURCE.kind, RESOURCE.group, self.name, faults)
        return obj

    @classmethod
    def from_object(cls, obj: Obj) -> Fault:
        spec = obj["spec"]
        return cls(spec["type"], spec["target"], dict(spec.get("parameters") or {}), spec.get("durationSeconds"))

    def __str__(self) -> str:
        return f"{self.type} {self.target}"
