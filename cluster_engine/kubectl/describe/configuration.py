"""ConfigMaps, Secrets and ServiceAccounts. Follows the describers of the same names."""

from __future__ import annotations

import base64
import binascii

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.describe.writer import NONE, Writer
from cluster_engine.kubectl.factory import Factory


def config_map(factory: Factory, obj: Obj, writer: Writer) -> None:
    writer.head(obj)
    writer.line(0, "\nData\n====")
    for key, value in sorted((obj.get("data") or {}).items()):
        writer.line(0, f"{key}:\n----\n{value}\n")
    writer.line(0, "\nBinaryData\n====")
    for key, value in sorted((obj.get("binaryData") or {}).items()):
        writer.line(0, f"{key}: {_length(value)} bytes")
    writer.line(0)


def secret(factory: Factory, obj: Obj, writer: Writer) -> None:
    writer.head(obj)
    writer.field("\nType", obj.get("type", ""))
    writer.line(0, "\nData\n====")
    for key, value in sorted((obj.get("data") or {}).items()):
        if key == "token" and obj.get("type") == "kubernetes.io/service-account-token":
            writer.field(key, base64.b64decode(value).decode(errors="replace"))
        else:
            writer.field(key, f"{_length(value)} bytes")


def _length(value: str) -> int:
    try:
        return len(base64.b64decode(value))
    except (binascii.Error, ValueError):
        return len(value)


def service_account(factory: Factory, obj: Obj, writer: Writer) -> None:
    writer.head(obj)
    for title, names in (
        ("Image pull secrets:", [one.get("name", "") for one in obj.get("imagePullSecrets") or ()]),
        ("Mountable secrets: ", [one.get("name", "") for one in obj.get("secrets") or ()]),
        ("Tokens:            ", []),
    ):
        if not names:
            writer.line(0, title, NONE)
        for index, name in enumerate(names):
            writer.line(0, title if index == 0 else " " * len(title), name)
