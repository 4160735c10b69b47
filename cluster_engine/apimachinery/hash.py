"""Hashes that name things: the pod template hash of ReplicaSets, the names of ControllerRevisions."""

from __future__ import annotations

from typing import Any

import orjson

from cluster_engine.rng import SAFE_ALPHABET

_FNV32_OFFSET = 2166136261
_FNV32_PRIME = 16777619
_MAX_MEMOISED = 1024

# Templates are immutable, so a hash is remembered by identity; the reference keeps the identity from being reused.
_memo: dict[tuple[int, int | None], tuple[Any, str]] = {}


def fnv32a(data: bytes, start: int = _FNV32_OFFSET) -> int:
    """The 32-bit FNV-1a hash, as hash/fnv.New32a."""
    hash_ = start
    for byte in data:
        hash_ = (hash_ ^ byte) * _FNV32_PRIME & 0xFFFFFFFF
    return hash_


def safe_encode(text: str) -> str:
    """The text in an alphabet without vowels and look-alikes, as rand.SafeEncodeString."""
    return "".join(SAFE_ALPHABET[ord(char) % len(SAFE_ALPHABET)] for char in text)


def template_hash(template: Any, collision_count: int | None = None) -> str:
    """The hash that names a template's ReplicaSet or revision, e.g. `7c5ddbdf54`: up to ten safe characters.

    Follows controller.ComputeHash in form and stability (a collision count gives another hash), not in value: Go hashes
    its own memory dump, this the canonical JSON. The template must not be changed afterwards.
    """
    key = (id(template), collision_count)
    found = _memo.get(key)
    if found is not None and found[0] is template:
        return found[1]
    hash_ = fnv32a(orjson.dumps(template, option=orjson.OPT_SORT_KEYS))
    if collision_count is not None:
        hash_ = fnv32a(collision_count.to_bytes(8, "little"), hash_)
    text = safe_encode(str(hash_))
    if len(_memo) >= _MAX_MEMOISED:
        _memo.clear()
    _memo[key] = (template, text)
    return text
