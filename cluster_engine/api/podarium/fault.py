"""Fault: something of the cluster that is out of order, as an object, so that it is journaled, listed and deleted.

`KINDS` says which faults there are. What each of them does is the business of `cluster_engine/faults`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cluster_engine.api import tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import bad_request, invalid_value, not_supported, required
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

FAULTS = "faults.podarium.dev"
MAX_DURATION_SECONDS = 7 * 24 * 3600
_FIELDS = {"apiVersion", "kind", "metadata", "spec", "status"}
_SPEC_FIELDS = {"type", "target", "parameters", "durationSeconds"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a fault: a number between two bounds, or one of some words."""

    name: str
    default: float | str
    minimum: float = 0.0
    maximum: float = 0.0
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault of one kind of target, e.g. Stop of a `kubelet`.

    `momentary` ones happen and are over (a crash); the others last until they are lifted. `names` says how many words
    follow the kind in a target: `kubelet/k8s-node01` has one, `kube-scheduler` none.
    """

    type: str
    target: str
    parameters: tuple[Parameter, ...] = ()
    momentary: bool = False
    names: int = 0


_SECONDS = (Parameter("seconds", 1.0, 0.01, 60.0),)
_PROCESSES = ("kube-apiserver", "kube-scheduler", "kube-controller-manager")

KINDS: tuple[FaultKind, ...] = (
    *(FaultKind("Stop", name) for name in (*_PROCESSES, "coredns")),
    *(FaultKind("Stop", name, names=1) for name in ("controller", "kubelet", "kube-proxy", "etcd")),
    *(FaultKind("Restart", name, momentary=True) for name in _PROCESSES),
    *(FaultKind("Restart", name, momentary=True, names=1) for name in ("kubelet", "etcd")),
    *(FaultKind("Slow", name, _SECONDS) for name in (*_PROCESSES, "etcd")),
    FaultKind("Slow", "kubelet", _SECONDS, names=1),
    *(FaultKind("CutOff", name) for name in _PROCESSES[1:]),
    *(FaultKind("CutOff", name, names=1) for name in ("kubelet", "etcd")),
    FaultKind("PowerOff", "node", names=1),
    FaultKind("Reboot", "node", momentary=True, names=1),
    FaultKind("CutOff", "node", names=1),
    FaultKind("Fill", "node", (Parameter("resource", "memory", choices=("memory", "disk", "pids")),), names=1),
    FaultKind("Crash", "container", (Parameter("exitCode", 1, 0, 255),), momentary=True, names=3),
    FaultKind("Hang", "container", names=3),
    FaultKind(
        "FailProbe",
        "container",
        (Parameter("probe", "readiness", choices=("liveness", "readiness", "startup")),),
        names=3,
    ),
    FaultKind("LeakMemory", "container", (Parameter("mebibytesPerSecond", 16.0, 0.01, 4096.0),), names=3),
    FaultKind("Stop", "registry", (Parameter("reason", "refused", choices=("dns", "refused", "timeout")),)),
    FaultKind("Slow", "registry", (Parameter("factor", 10.0, 1.0, 1000.0),)),
)
TYPES = tuple(dict.fromkeys(kind.type for kind in KINDS))


def kind_of(type_: str, target: str) -> FaultKind | None:
    """Which fault that is, or None where there is no such."""
    head, *names = target.split("/")
    for kind in KINDS:
        if kind.type == type_ and kind.target == head and kind.names == len(names) and all(names):
            return kind
    return None


class FaultStrategy(Strategy):
    """The rules of Faults. A Fault does not change: lift it, and inject another."""

    resource = Resource("podarium.dev", "v1", "Fault", FAULTS.partition(".")[0], namespaced=False)
    columns = (
        NAME,
        Column("Type"),
        Column("Target"),
        Column("Parameters", priority=1),
        AGE,
    )

    def decode(self, body: Any, field_validation: str, duplicates: Sequence[str] = ()) -> tuple[Obj, list[str]]:
        """The kind has no compiled schema, so that the fields are checked here."""
        if not isinstance(body, dict) or not isinstance(body.get("metadata", {}), dict):
            raise bad_request("the object provided is unrecognized (must be of type Fault)")
        spec = body.get("spec") or {}
        if not isinstance(spec, dict):
            raise bad_request("the object provided is unrecognized (must be of type Fault): spec must be an object")
        unknown = [f'unknown field "{name}"' for name in body if name not in _FIELDS]
        unknown += [f'unknown field "spec.{name}"' for name in spec if name not in _SPEC_FIELDS]
        if unknown and field_validation == "Strict":
            words = ", ".join(unknown)
            raise bad_request(f'Fault in version "v1" cannot be handled as a Fault: strict decoding error: {words}')
        known: Obj = {name: value for name, value in body.items() if name in _FIELDS}
        known |= {"apiVersion": self.resource.api_version, "kind": "Fault", "metadata": body.get("metadata") or {}}
        known["spec"] = {name: value for name, value in spec.items() if name in _SPEC_FIELDS}
        return known, unknown if field_validation == "Warn" else []

    def default(self, obj: Obj) -> Obj:
        """Names the parameters that were left out."""
        spec = obj.get("spec") or {}
        kind = kind_of(str(spec.get("type")), str(spec.get("target")))
        given = spec.get("parameters") or {}
        if kind is None or not isinstance(given, dict) or all(p.name in given for p in kind.parameters):
            return obj
        parameters = {**{p.name: p.default for p in kind.parameters}, **given}
        return {**obj, "spec": {**spec, "parameters": parameters}}

    def validate(self, obj: Obj) -> Errors:
        spec = obj.get("spec") or {}
        type_, target = spec.get("type"), spec.get("target")
        if not type_ or not target:
            return [required(f"spec.{field}") for field in ("type", "target") if not spec.get(field)]
        if type_ not in TYPES:
            return [not_supported("spec.type", type_, TYPES)]
        kind = kind_of(type_, str(target))
        if kind is None:
            return [invalid_value("spec.target", target, f"is nothing that {type_} can be done to")]
        errors = _duration(spec.get("durationSeconds"), kind)
        parameters = spec.get("parameters") or {}
        if not isinstance(parameters, dict):
            return [*errors, invalid_value("spec.parameters", str(parameters), "must be an object")]
        known = {parameter.name: parameter for parameter in kind.parameters}
        for name, value in parameters.items():
            path = f"spec.parameters.{name}"
            if name not in known:
                errors.append(not_supported(path, name, tuple(known)))
            else:
                errors += _parameter(path, value, known[name])
        return errors

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        if new.get("spec") == old.get("spec"):
            return []
        return [invalid_value("spec", "", "a fault does not change: delete it, and create another")]

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec = obj.get("spec") or {}
        given = spec.get("parameters") or {}
        shown = [
            f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in given.items()
        ]
        return [
            obj["metadata"]["name"],
            spec.get("type", ""),
            spec.get("target", ""),
            tables.or_none(",".join(shown)),
            tables.created(obj, now_us),
        ]


def _duration(value: Any, kind: FaultKind) -> Errors:
    path = "spec.durationSeconds"
    if value is None:
        return []
    if kind.momentary:
        return [invalid_value(path, value, f"{kind.type} is over at once")]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_DURATION_SECONDS:
        return [invalid_value(path, value, f"must be above 0 and at most {MAX_DURATION_SECONDS}")]
    return []


def _parameter(path: str, value: Any, parameter: Parameter) -> Errors:
    if parameter.choices:
        return [] if value in parameter.choices else [not_supported(path, value, parameter.choices)]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [invalid_value(path, value, "must be a number")]
    if not parameter.minimum <= value <= parameter.maximum:
        return [invalid_value(path, value, f"must be between {parameter.minimum:g} and {parameter.maximum:g}")]
    return []
