"""LimitRanges. Follows pkg/registry/core/limitrange/strategy.go and validation.ValidateLimitRange (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api.checks import Errors
from cluster_engine.api.core.amounts import HUGEPAGES, is_native, resource_name
from cluster_engine.api.core.podspec.defaults import canonical_amounts
from cluster_engine.api.core.podspec.resources import container_resource_name
from cluster_engine.api.shown import quantity_struct
from cluster_engine.api.strategy import NAME, Column, Strategy
from cluster_engine.apimachinery import names, quantity
from cluster_engine.apimachinery.errors import duplicate, forbidden_field, invalid_value, required
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.quantity import NANO
from cluster_engine.apimachinery.scheme import Resource

TYPES = ("Container", "PersistentVolumeClaim", "Pod")
_AMOUNTS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
# (what must not be greater, than what, at which of the two the fault stands, and how it is worded)
_ORDER = (
    ("min", "max", "min", "min value {0} is greater than max value {1}"),
    ("min", "defaultRequest", "defaultRequest", "min value {0} is greater than default request value {1}"),
    ("defaultRequest", "max", "defaultRequest", "default request value {0} is greater than max value {1}"),
    (
        "defaultRequest",
        "default",
        "defaultRequest",
        "default request value {0} is greater than default limit value {1}",
    ),
)


class LimitRangeStrategy(Strategy):
    """The rules of LimitRanges."""

    resource = Resource("", "v1", "LimitRange", "limitranges", singular="limitrange", short_names=("limits",))
    columns = (NAME, Column("Created At", "date"))

    def default(self, obj: Obj) -> Obj:
        """A container's default limits are its maxima, its default requests those limits or the minima."""
        spec = obj.get("spec") or {}
        limits = spec.get("limits") or []
        new = [_default_item(item) for item in limits]
        if all(after is before for after, before in zip(new, limits, strict=True)):
            return obj
        return {**obj, "spec": {**spec, "limits": new}}

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def validate(self, obj: Obj) -> Errors:
        errors: Errors = []
        seen: set[str] = set()
        for index, item in enumerate((obj.get("spec") or {}).get("limits") or ()):
            path, kind = f"spec.limits[{index}]", item.get("type") or ""
            errors += _type_name(f"{path}.type", kind)
            if kind in seen:
                errors.append(duplicate(f"{path}.type", kind))
            seen.add(kind)
            errors += _item(path, kind, item)
        return errors

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp") or ""]


def _default_item(item: Obj) -> Obj:
    made = dict(item)
    for field in _AMOUNTS:
        if item.get(field):
            made[field] = canonical_amounts(item[field])
    if item.get("type") == "Container":
        limits = {**(made.get("max") or {}), **(made.get("default") or {})}
        requests = {**(made.get("min") or {}), **limits, **(made.get("defaultRequest") or {})}
        if limits:
            made["default"] = limits
        if requests:
            made["defaultRequest"] = requests
    return item if made == item else made


def _type_name(path: str, kind: str) -> Errors:
    faults = names.qualified_name(kind)
    if not faults and "/" not in kind and kind not in TYPES:
        faults = ["must be a standard limit type or fully qualified"]
    return [invalid_value(path, kind, fault) for fault in faults]


def _resource_name(path: str, kind: str, name: str) -> Errors:
    return container_resource_name(path, name) if kind in ("Pod", "Container") else resource_name(path, name)


def _item(path: str, kind: str, item: Obj) -> Errors:
    errors: Errors = []
    checked = [field for field in _AMOUNTS if kind != "Pod" or not field.startswith("default")]
    for field in _AMOUNTS:
        if field not in checked and item.get(field):
            errors.append(forbidden_field(f"{path}.{field}", "may not be specified when `type` is 'Pod'"))
        if field == "maxLimitRequestRatio" and kind == "PersistentVolumeClaim":
            errors += _storage_bound(path, item)
        for name in sorted(item.get(field) or {}) if field in checked else ():
            errors += _resource_name(f"{path}.{field}[{name}]", kind, name)
    present = {field: item.get(field) or {} for field in checked}
    for name in sorted({name for amounts in present.values() for name in amounts}):
        errors += _amounts(path, name, {field: a[name] for field, a in present.items() if name in a})
    return errors


def _storage_bound(path: str, item: Obj) -> Errors:
    if "storage" in (item.get("min") or {}) or "storage" in (item.get("max") or {}):
        return []
    detail = "either minimum or maximum storage value is required, but neither was provided"
    return [required(f"{path}.limits", detail)]


def _amounts(path: str, name: str, given: Obj) -> Errors:
    """The amounts of one resource, against each other."""
    errors: Errors = []

    def above(low: str, high: str) -> bool:
        return low in given and high in given and quantity.compare(given[low], given[high]) > 0

    def invalid(field: str, value: Any, detail: str) -> None:
        errors.append(invalid_value(f"{path}.{field}[{name}]", quantity_struct(value), detail))

    for low, high, at, words in _ORDER:
        if above(low, high):
            invalid(at, given[at], words.format(given[low], given[high]))
    # Of these two the real server shows the bound and not the default.
    if above("min", "default"):
        invalid("default", given["min"], f"min value {given['min']} is greater than default value {given['default']}")
    if above("default", "max"):
        invalid("default", given["max"], f"default value {given['default']} is greater than max value {given['max']}")
    if "maxLimitRequestRatio" in given:
        _ratio(given, invalid)
    overcommit = is_native(name) and not name.startswith(HUGEPAGES[0])
    if not overcommit and "default" in given and "defaultRequest" in given:
        limit, request = given["default"], given["defaultRequest"]
        if quantity.compare(limit, request):
            detail = f"default value {limit} must equal to defaultRequest value {request} in {name}"
            invalid("defaultRequest", request, detail)
    return errors


def _ratio(given: Obj, invalid: Any) -> None:
    field, text = "maxLimitRequestRatio", given["maxLimitRequestRatio"]
    ratio = quantity.parse(text)
    if ratio.nano < NANO:
        invalid(field, text, f"ratio {text} is less than 1")
    if "min" in given and "max" in given and (low := quantity.parse(given["min"]).milli_value):
        limit = quantity.parse(given["max"]).milli_value / low
        if ratio.milli_value / 1000 > limit:
            invalid(field, text, f"ratio {text} is greater than max/min = {limit:f}")
