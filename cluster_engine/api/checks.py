"""Checks that many kinds share: each takes a field's path and value and returns the faults, in Kubernetes' words.

Used by the strategies only. Follows pkg/apis/core/validation and apimachinery's api/validation (v1.32).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cluster_engine.apimachinery import labels as selectors
from cluster_engine.apimachinery import names, quantity
from cluster_engine.apimachinery.errors import (
    FieldError,
    duplicate,
    forbidden_field,
    invalid_value,
    not_supported,
    required,
    too_long,
)
from cluster_engine.apimachinery.meta import Obj

Errors = list[FieldError]
IMMUTABLE = "field is immutable"
NEGATIVE = "must be greater than or equal to 0"
PROTOCOLS = ("SCTP", "TCP", "UDP")
ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
MAX_ANNOTATIONS_BYTES = 256 * 1024


def by_rule(rule: Callable[[str], Sequence[str]], path: str, value: str) -> Errors:
    """The faults that a rule of apimachinery/names finds in a value."""
    return [invalid_value(path, value, fault) for fault in rule(value)]


def dns_label(path: str, value: str) -> Errors:
    return by_rule(names.dns1123_label, path, value)


def dns_subdomain(path: str, value: str) -> Errors:
    return by_rule(names.dns1123_subdomain, path, value)


def qualified_name(path: str, value: str) -> Errors:
    return by_rule(names.qualified_name, path, value)


def config_map_key(path: str, value: str) -> Errors:
    return by_rule(names.config_map_key, path, value)


def port_number(path: str, value: int) -> Errors:
    return [invalid_value(path, value, fault) for fault in names.port_number(value)]


def port_number_or_name(path: str, value: int | str) -> Errors:
    return port_number(path, value) if isinstance(value, int) else by_rule(names.port_name, path, value)


def user_or_group_id(path: str, value: int) -> Errors:
    return [invalid_value(path, value, fault) for fault in names.user_or_group_id(value)]


def nonnegative(path: str, value: int | None) -> Errors:
    return [invalid_value(path, value, NEGATIVE)] if value is not None and value < 0 else []


def enum(path: str, value: str | None, allowed: Sequence[str]) -> Errors:
    """Required when empty; otherwise one of `allowed`."""
    if not value:
        return [required(path)]
    return [] if value in allowed else [not_supported(path, value, allowed)]


def optional_enum(path: str, value: str | None, allowed: Sequence[str]) -> Errors:
    return [] if value is None or value in allowed else [not_supported(path, value, allowed)]


def immutable(path: str, new: Any, old: Any) -> Errors:
    return [] if same(new, old) else [invalid_value(path, new, IMMUTABLE)]


def same(new: Any, old: Any) -> bool:
    """Semantic equality: nothing, null and an empty list or map are the same, as in api/equality.Semantic."""
    if new is old or new == old:
        return True
    if isinstance(new, dict) and isinstance(old, dict):
        return all(same(new.get(key), old.get(key)) for key in {**new, **old})
    if isinstance(new, list) and isinstance(old, list):
        return len(new) == len(old) and all(map(same, new, old))
    return not new and not old and not isinstance(new, (bool, int, float)) and not isinstance(old, (bool, int, float))


def labels(path: str, values: Mapping[str, str] | None) -> Errors:
    """Keys and values of labels; both are reported at the path of the whole map."""
    errors: Errors = []
    for key, value in (values or {}).items():
        errors += qualified_name(path, key)
        errors += by_rule(names.label_value, path, value)
    return errors


def annotation_map(path: str, values: Mapping[str, str] | None) -> Errors:
    errors: Errors = []
    size = 0
    for key, value in (values or {}).items():
        errors += [invalid_value(path, key, fault) for fault in names.qualified_name(key.lower())]
        size += byte_length(key) + byte_length(value)
    if size > MAX_ANNOTATIONS_BYTES:
        errors.append(too_long(path, MAX_ANNOTATIONS_BYTES))
    return errors


def byte_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def label_selector(path: str, selector: Obj | None) -> Errors:
    """A metav1.LabelSelector. Follows apis/meta/v1/validation.ValidateLabelSelector."""
    if not selector:
        return []
    errors = labels(f"{path}.matchLabels", selector.get("matchLabels"))
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        errors += _selector_requirement(f"{path}.matchExpressions[{index}]", expression)
    return errors


def _selector_requirement(path: str, expression: Obj) -> Errors:
    errors: Errors = []
    operator, values = expression.get("operator") or "", expression.get("values") or []
    if operator in ("In", "NotIn"):
        if not values:
            errors.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            errors.append(
                forbidden_field(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
            )
    else:
        errors.append(invalid_value(f"{path}.operator", operator, "not a valid selector operator"))
    errors += qualified_name(f"{path}.key", expression.get("key") or "")
    for index, value in enumerate(values):
        errors += by_rule(names.label_value, f"{path}.values[{index}]", value)
    return errors


def parsed_selector(selector: Obj | None) -> selectors.Selector | None:
    """The selector, or None where it cannot be understood."""
    try:
        return selectors.from_label_selector(selector)
    except selectors.LabelSelectorError:
        return None


def unique(path: str, values: Iterable[tuple[int, str]], field: str) -> Errors:
    """Duplicates among (index, value)."""
    errors: Errors = []
    seen: set[str] = set()
    for index, value in values:
        if value in seen:
            errors.append(duplicate(f"{path}[{index}].{field}", value))
        seen.add(value)
    return errors


def ip_address(path: str, value: str) -> Errors:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return [invalid_value(path, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    return []


def cidr(path: str, value: str) -> Errors:
    try:
        ipaddress.ip_network(value, strict=False)
        if "/" in value:
            return []
    except ValueError:
        pass
    return [invalid_value(path, value, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]


def endpoint_ip(path: str, value: str) -> Errors:
    """An address that traffic can be sent to. Follows validation.ValidateEndpointIP."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return [invalid_value(path, value, "must be a valid IP address")]
    errors: Errors = []
    if address.is_unspecified:
        errors.append(invalid_value(path, value, f"may not be unspecified ({value})"))
    if address.is_loopback:
        errors.append(invalid_value(path, value, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if address.is_link_local:
        errors.append(invalid_value(path, value, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))
    if address in ipaddress.ip_network("224.0.0.0/24") or address in ipaddress.ip_network("ff02::/16"):
        errors.append(
            invalid_value(path, value, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
        )
    return errors


def local_descending_path(path: str, value: str) -> Errors:
    """A relative path without `..`. Follows validation.validateLocalDescendingPath."""
    errors = [invalid_value(path, value, "must be a relative path")] if value.startswith("/") else []
    return errors + no_backsteps(path, value)


def no_backsteps(path: str, value: str) -> Errors:
    if ".." in value.replace("\\", "/").split("/"):
        return [invalid_value(path, value, "must not contain '..'")]
    return []


def nonnegative_quantity(path: str, value: Any) -> Errors:
    amount = quantity.parse(value)
    return [invalid_value(path, str(amount), NEGATIVE)] if amount.nano < 0 else []


def positive_quantity(path: str, value: Any) -> Errors:
    amount = quantity.parse(value)
    return [invalid_value(path, str(amount), "must be greater than zero")] if amount.nano <= 0 else []
