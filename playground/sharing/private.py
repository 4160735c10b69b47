"""What a link never carries: the contents of Secrets, tokens, and the secret of the sandbox's own kubeconfig.

A Secret is shared with its keys, and without its values. Where such a value also stands elsewhere (in a command that
made it, in what was printed, in a file, in the environment of a pod), it is left out there too.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

HIDDEN = "not-shared"
HIDDEN_BASE64 = base64.b64encode(HIDDEN.encode()).decode()
SECRETS = "/registry/secrets/"
LEAST_CHARACTERS = 5  # a shorter value stands in too many innocent places; see `_literals`
_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")
_LITERAL = re.compile(r"(--from-literal[= ]['\"]?[\w.-]+=)([^\s'\"]+)")
_PASSWORD = re.compile(r"(--(?:docker-password|token|password)[= ]['\"]?)([^\s'\"]+)")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Hider:
    """Takes private values out of texts and objects."""

    def __init__(self, values: Iterable[str]) -> None:
        known = sorted({value for value in values if len(value) >= LEAST_CHARACTERS}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str) -> str:
        """A command, something printed, or a file."""
        text = _TOKEN.sub(HIDDEN, text)
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        return text

    def line(self, line: str) -> str:
        """A command: what is given to `create secret` is left out, however short."""
        if "secret" in line:
            line = _LITERAL.sub(rf"\g<1>{HIDDEN}", line)
        return self.text(_PASSWORD.sub(rf"\g<1>{HIDDEN}", line))

    def value(self, key: str, value: Any) -> Any:
        """An object of etcd, by its key."""
        if key.startswith(SECRETS) and isinstance(value, dict):
            value = _emptied(value)
        return self._walk(value)

    def _walk(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._walk(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._walk(item) for item in value]
        return self.text(value) if isinstance(value, str) and len(value) >= LEAST_CHARACTERS else value


def _emptied(secret: dict[str, Any]) -> dict[str, Any]:
    emptied = {**secret, "data": dict.fromkeys(secret.get("data") or {}, HIDDEN_BASE64)}
    meta = emptied.get("metadata", {})
    if _LAST_APPLIED in (meta.get("annotations") or {}):
        annotations = {key: text for key, text in meta["annotations"].items() if key != _LAST_APPLIED}
        emptied["metadata"] = {**meta, "annotations": annotations}
    return emptied


def values_of_secret(secret: Any) -> Iterator[str]:
    """The values of a Secret, as they stand in it and decoded."""
    if not isinstance(secret, dict):
        return
    for value in (secret.get("data") or {}).values():
        if isinstance(value, str):
            yield value
            try:
                yield base64.b64decode(value, validate=True).decode()
            except (binascii.Error, ValueError):
                continue  # bytes that are no text stand nowhere as text
    for value in (secret.get("stringData") or {}).values():
        if isinstance(value, str):
            yield value
            yield base64.b64encode(value.encode()).decode()


def values_of_file(text: str) -> Iterator[str]:
    """The values of the Secrets that a manifest describes, and the tokens and passwords of a kubeconfig."""
    if "Secret" not in text and "kind: Config" not in text:
        return
    try:
        documents = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, RecursionError, ValueError):
        return
    for document in documents:
        if not isinstance(document, dict):
            continue
        if document.get("kind") == "Secret":
            yield from values_of_secret(document)
        for user in document.get("users") or () if document.get("kind") == "Config" else ():
            credentials = user.get("user") if isinstance(user, dict) else None
            yield from (value for value in (credentials or {}).values() if isinstance(value, str))
