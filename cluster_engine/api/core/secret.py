"""Secrets. Follows validation.ValidateSecret and ValidateSecretUpdate (v1.32)."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.core.configmap import MAX_DATA_BYTES, decoded_length, kept_immutable
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy, without
from cluster_engine.apimachinery.errors import invalid_value, required, too_long
from cluster_engine.apimachinery.meta import Obj, annotations_of
from cluster_engine.apimachinery.scheme import Resource

_ACCOUNT_NAME = "kubernetes.io/service-account.name"
_JSON_KEYS = {"kubernetes.io/dockercfg": ".dockercfg", "kubernetes.io/dockerconfigjson": ".dockerconfigjson"}


class SecretStrategy(Strategy):
    """The rules of Secrets."""

    resource = Resource("", "v1", "Secret", "secrets", singular="secret")
    columns = (NAME, Column("Type"), Column("Data"), AGE)

    def default(self, obj: Obj) -> Obj:
        """Sets the type, and moves what was given in clear text into `data`."""
        if obj.get("stringData"):
            given = {key: base64.b64encode(text.encode()).decode() for key, text in obj["stringData"].items()}
            obj = {**obj, "data": {**(obj.get("data") or {}), **given}}
        obj = without(obj, "stringData")
        return obj if obj.get("type") else {**obj, "type": "Opaque"}

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def validate(self, obj: Obj) -> Errors:
        data = obj.get("data") or {}
        errors: Errors = []
        for key in data:
            errors += checks.config_map_key(f"data[{key}]", key)
        if sum(map(decoded_length, data.values())) > MAX_DATA_BYTES:
            errors.append(too_long("data", MAX_DATA_BYTES))
        return errors + _by_type(obj.get("type") or "", data, obj)

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        return checks.immutable("type", new.get("type"), old.get("type")) + kept_immutable(new, old, ("data",))

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        meta = obj["metadata"]
        return [meta["name"], obj.get("type") or "", len(obj.get("data") or {}), tables.created(obj, now_us)]

    def fields(self, obj: Obj) -> dict[str, str]:
        return {"type": obj.get("type") or ""}


def _by_type(kind: str, data: Obj, obj: Obj) -> Errors:
    """What each type of Secret must hold."""
    if kind == "kubernetes.io/service-account-token":
        if not annotations_of(obj).get(_ACCOUNT_NAME):
            return [required(f"metadata.annotations[{_ACCOUNT_NAME}]")]
    elif kind in _JSON_KEYS:
        return _json(_JSON_KEYS[kind], data)
    elif kind == "kubernetes.io/basic-auth":
        if "username" not in data and "password" not in data:
            return [required("data[username]"), required("data[password]")]
    elif kind == "kubernetes.io/ssh-auth":
        if not data.get("ssh-privatekey"):
            return [required("data[ssh-privatekey]")]
    elif kind == "kubernetes.io/tls":
        return [required(f"data[{key}]") for key in ("tls.crt", "tls.key") if key not in data]
    return []


def _json(key: str, data: Obj) -> Errors:
    if key not in data:
        return [required(f"data[{key}]")]
    try:
        orjson.loads(base64.b64decode(data[key]))
    except ValueError as error:
        return [invalid_value(f"data[{key}]", "<secret contents redacted>", str(error))]
    return []
