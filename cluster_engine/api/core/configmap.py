"""ConfigMaps. Follows validation.ValidateConfigMap and ValidateConfigMapUpdate (v1.32)."""

from __future__ import annotations

import base64
from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, too_long
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

MAX_DATA_BYTES = 1024 * 1024
_IMMUTABLE = "field is immutable when `immutable` is set"


class ConfigMapStrategy(Strategy):
    """The rules of ConfigMaps."""

    resource = Resource("", "v1", "ConfigMap", "configmaps", singular="configmap", short_names=("cm",))
    columns = (NAME, Column("Data"), AGE)

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def validate(self, obj: Obj) -> Errors:
        data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
        errors: Errors = []
        size = 0
        for key, value in data.items():
            errors += checks.config_map_key(f"data[{key}]", key)
            if key in binary:
                errors.append(invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData"))
            size += checks.byte_length(value)
        for key, value in binary.items():
            errors += checks.config_map_key(f"binaryData[{key}]", key)
            size += decoded_length(value)
        if size > MAX_DATA_BYTES:
            errors.append(too_long("[]", MAX_DATA_BYTES))
        return errors

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        return kept_immutable(new, old, ("data", "binaryData"))

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        count = len(obj.get("data") or {}) + len(obj.get("binaryData") or {})
        return [obj["metadata"]["name"], count, tables.created(obj, now_us)]


def kept_immutable(new: Obj, old: Obj, fields: tuple[str, ...]) -> Errors:
    """What a ConfigMap or a Secret that is `immutable` may not change."""
    if not old.get("immutable"):
        return []
    errors = [] if new.get("immutable") else [forbidden_field("immutable", _IMMUTABLE)]
    return errors + [
        forbidden_field(field, _IMMUTABLE) for field in fields if not checks.same(new.get(field), old.get(field))
    ]


def decoded_length(text: str) -> int:
    """How many bytes a base64 text stands for."""
    try:
        return len(base64.b64decode(text))
    except ValueError:
        return len(text)
