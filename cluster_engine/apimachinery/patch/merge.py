"""JSON merge patches (RFC 7386): applied, and made from two or three states of an object."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.patch.common import BadPatchError, PatchError, check_depth, deep_equal


def apply_merge_patch(document: dict[str, Any], patch: Any) -> dict[str, Any]:
    """The document with the patch merged in: null removes, maps merge, all else replaces. Raises `BadPatchError`."""
    if not isinstance(patch, dict):
        raise BadPatchError("Invalid JSON Patch")
    check_depth(patch)
    merged: dict[str, Any] = _merge(document, patch)
    return merged


def _merge(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    base = target if isinstance(target, dict) else {}
    made = dict(base)
    changed = not isinstance(target, dict)
    for key, value in patch.items():
        if value is None:
            changed = made.pop(key, made) is not made or changed
            continue
        new = _merge(base.get(key), value)
        if key not in base or not deep_equal(new, base[key]):
            made[key] = new
            changed = True
    return made if changed else target


def create_merge_patch(original: dict[str, Any], modified: dict[str, Any]) -> dict[str, Any]:
    """The smallest merge patch that makes `modified` of `original`; empty when they are equal."""
    patch: dict[str, Any] = {}
    for key in sorted({*original, *modified}):
        if key not in modified:
            patch[key] = None
        elif key not in original:
            patch[key] = modified[key]
        elif isinstance(original[key], dict) and isinstance(modified[key], dict):
            if inner := create_merge_patch(original[key], modified[key]):
                patch[key] = inner
        elif not deep_equal(original[key], modified[key]):
            patch[key] = modified[key]
    return patch


def create_three_way_json_merge_patch(
    original: dict[str, Any], modified: dict[str, Any], current: dict[str, Any]
) -> dict[str, Any]:
    """The merge patch of `kubectl apply` for kinds without merge keys: additions over the live object, own deletions.

    Raises `PatchError` where somebody changed apiVersion, kind or name. Follows jsonmergepatch.
    """
    changes = _nulls(create_merge_patch(current, modified), keep=False)
    deletions = _nulls(create_merge_patch(original, modified), keep=True)
    patch = _join(deletions, changes)
    check_identity_unchanged(patch)
    return patch


def check_identity_unchanged(patch: dict[str, Any]) -> None:
    """Raises `PatchError` where a patch changes apiVersion, kind or name, which makes it another object."""
    metadata = patch.get("metadata")
    if "apiVersion" in patch or "kind" in patch or (isinstance(metadata, dict) and "name" in metadata):
        raise PatchError("At least one of apiVersion, kind and name was changed")


def _nulls(patch: dict[str, Any], *, keep: bool) -> dict[str, Any]:
    """The patch with nothing but its nulls, or with all but those."""
    made: dict[str, Any] = {}
    for key, value in patch.items():
        if value is None:
            if keep:
                made[key] = None
        elif isinstance(value, dict) and value:
            if inner := _nulls(value, keep=keep):
                made[key] = inner
        elif not keep:
            made[key] = value
    return made


def _join(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Both patches in one; nulls stay."""
    made = dict(first)
    for key, value in second.items():
        both = isinstance(value, dict) and isinstance(made.get(key), dict)
        made[key] = _join(made[key], value) if both else value
    return dict(sorted(made.items()))
