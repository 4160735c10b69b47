"""Who owns which field: `metadata.managedFields`, kept at every write, and server-side apply on top of it.

Follows k8s.io/apimachinery/pkg/util/managedfields and structured-merge-diff/merge/update.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import fieldset
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.fieldset import FieldSet
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.schema.typed import ABSENT, Node, diff, empty, merge, remove, to_set
from cluster_engine.schema.types import types

# More update managers than this are merged into one, the oldest first.
MAX_UPDATE_MANAGERS = 10
ANCIENT = "ancient-changes"
_UNTRACKED_META = (
    "f:name", "f:namespace", "f:creationTimestamp", "f:selfLink", "f:uid", "f:generation", "f:managedFields",
    "f:resourceVersion", "f:deletionTimestamp", "f:deletionGracePeriodSeconds",
)  # fmt: skip
_MAX_REMEMBERED = 512
_remembered: dict[int, tuple[Any, FieldSet | None]] = {}


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: a field manager, through the main resource or a subresource, at a time (RFC 3339)."""

    manager: str
    subresource: str
    time: str


def after_update(strategy: Strategy, old: Obj | None, new: Obj, writer: Writer) -> Obj:
    """`new` with its managedFields after a create (`old` is None), an update or a patch."""
    entries = _entries(old)
    resource, root = strategy.resource, strategy.node()
    if old is None:
        changed, removed = _created(resource, root, new), {}
    else:
        more, less = diff(_plain(old), _plain(new), root)
        changed, removed = more or {}, less or {}
    changed, removed = _tracked(changed, writer.subresource), _tracked(removed, writer.subresource)
    if not changed and not removed:
        return _with_entries(new, entries)
    own = (writer.manager, "Update", resource.api_version, writer.subresource)
    kept: list[Obj] = []
    mine: FieldSet = {}
    for entry in entries:
        fields = entry["fieldsV1"]
        if _identity(entry) == own:
            mine = fields
            continue
        rest = fieldset.difference(fieldset.difference(fields, changed), removed)
        if rest:
            kept.append(entry if rest == fields else {**entry, "fieldsV1": rest})
    mine = fieldset.union(fieldset.difference(mine, removed), changed)
    if mine:
        kept.append(_entry(own, writer.time, mine))
    return _with_entries(new, _capped(_sorted(kept)))


def apply(strategy: Strategy, live: Obj | None, config: Obj, writer: Writer, *, force: bool) -> Obj:
    """The object after a server-side apply of `config`; Conflict where another manager owns a value that it changes."""
    resource, root = strategy.resource, strategy.node()
    entries = _entries(live)
    own = (writer.manager, "Apply", resource.api_version, writer.subresource)
    others = [entry for entry in entries if _identity(entry) != own]
    earlier: FieldSet = next((entry["fieldsV1"] for entry in entries if _identity(entry) == own), {})
    config = _plain(config)
    applied = _tracked(to_set(config, root), writer.subresource)
    base = (
        _plain(live)
        if live is not None
        else {"apiVersion": config["apiVersion"], "kind": config["kind"], "metadata": {}}
    )
    merged = merge(base, config, root)
    changed = _tracked(diff(base, merged, root)[0] or {}, writer.subresource)
    others = _without_conflicts(others, changed, force=force)
    owned: FieldSet = {}
    for entry in others:
        owned = fieldset.union(owned, entry["fieldsV1"])
    merged = remove(merged, _abandoned(earlier, applied, owned), root)
    entry = _entry(own, writer.time, applied)
    before = next((e for e in entries if _identity(e) == own), None)
    if before is not None and before["fieldsV1"] == applied and not changed:
        entry = before
    return _with_entries(merged, _capped(_sorted([*others, *([entry] if applied else [])])))


def _without_conflicts(others: list[Obj], changed: FieldSet, *, force: bool) -> list[Obj]:
    """The other managers' entries after they have lost what is taken from them."""
    kept: list[Obj] = []
    conflicts: list[tuple[Obj, tuple[str, ...]]] = []
    for entry in others:
        taken = fieldset.intersection(entry["fieldsV1"], changed)
        conflicts.extend((entry, path) for path in fieldset.paths(taken))
        rest = fieldset.difference(entry["fieldsV1"], taken) if taken else entry["fieldsV1"]
        if rest:
            kept.append({**entry, "fieldsV1": rest} if taken else entry)
    if conflicts and not force:
        raise _conflict(conflicts)
    return kept


def _conflict(conflicts: list[tuple[Obj, tuple[str, ...]]]) -> ApiError:
    """409 with every contested field. Follows managedfields/internal/conflict.go."""
    causes = []
    by_manager: dict[str, list[str]] = {}
    for entry, path in sorted(conflicts, key=lambda pair: (_named(pair[0]), fieldset.path_text(pair[1]))):
        text = fieldset.path_text(path)
        by_manager.setdefault(_named(entry), []).append(text)
        causes.append({"reason": "FieldManagerConflict", "message": f"conflict with {_named(entry)}", "field": text})
    count = len(causes)
    lines = []
    for manager, fields in by_manager.items():
        lines.append(f"conflict with {manager}: {fields[0]}" if count == 1 else f"conflicts with {manager}:")
        if count > 1:
            lines.extend(f"- {field}" for field in fields)
    noun = "1 conflict: " if count == 1 else f"{count} conflicts: "
    return ApiError(409, "Conflict", f"Apply failed with {noun}" + "\n".join(lines), {"causes": causes})


def _named(entry: Obj) -> str:
    """A manager as conflicts name it, e.g. `"kubectl-set" using apps/v1`."""
    name = f'"{entry["manager"]}"'
    if entry.get("subresource"):
        name += f' with subresource "{entry["subresource"]}"'
    if entry["operation"] == "Update":
        name += f" using {entry['apiVersion']}"
    return name


def _abandoned(earlier: FieldSet, applied: FieldSet, owned: FieldSet) -> FieldSet:
    """What this manager applied before and does not any more, unless somebody else owns it or something below it."""
    gone: FieldSet = {}
    foreign = fieldset.paths(owned)
    wanted = fieldset.paths(applied)
    for path in fieldset.paths(fieldset.difference(earlier, applied)):
        if any(other[: len(path)] == path for other in (*foreign, *wanted)):
            continue
        node = gone
        for element in path[:-1]:
            node = node.setdefault(element, {})
        node.setdefault(path[-1], {})[fieldset.SELF] = {}
    return gone


def _created(resource: Resource, root: Node, new: Obj) -> FieldSet:
    """Every field of a new object. Pods of one template share their spec, so its fields are worked out once."""
    type_ = types.for_kind(resource.api_version, resource.kind)
    nothing = empty(type_.name) if type_ is not None else {}
    fields: FieldSet = {}
    for name, value in new.items():
        if name in ("apiVersion", "kind", "status"):
            continue
        element, node = root.child(name)
        if name == "spec":
            more = _remember(nothing.get("spec", ABSENT), value, node)
        else:
            more = diff(nothing.get(name, ABSENT), value, node)[0]
        if more is not None:
            fields[element] = more
    return fields


def _remember(nothing: Any, value: Any, node: Node) -> FieldSet | None:
    found = _remembered.get(id(value))
    if found is not None and found[0] is value:
        return found[1]
    if len(_remembered) >= _MAX_REMEMBERED:
        _remembered.clear()
    made = diff(nothing, value, node)[0]
    # The entry keeps the value alive, so that its identity is not reused while it is in the table.
    _remembered[id(value)] = (value, made)
    return made


def _tracked(fields: FieldSet, subresource: str) -> FieldSet:
    """The fields that have owners: no system metadata, and the status only through its subresource."""
    if not fields:
        return fields
    kept = {e: c for e, c in fields.items() if e not in ("f:apiVersion", "f:kind", fieldset.SELF)}
    if subresource == "status":
        return {"f:status": kept["f:status"]} if "f:status" in kept else {}
    kept.pop("f:status", None)
    meta = kept.pop("f:metadata", None)
    if meta:
        meta = {e: c for e, c in meta.items() if e not in _UNTRACKED_META and e != fieldset.SELF}
    return {"f:metadata": meta, **kept} if meta else kept


def _entries(obj: Obj | None) -> list[Obj]:
    return (obj["metadata"].get("managedFields") or []) if obj is not None else []


def _plain(obj: Obj) -> Obj:
    """The object without its managedFields."""
    meta = obj["metadata"]
    if "managedFields" not in meta:
        return obj
    return {**obj, "metadata": {k: v for k, v in meta.items() if k != "managedFields"}}


def _with_entries(obj: Obj, entries: list[Obj]) -> Obj:
    if not entries:
        return _plain(obj)
    return {**obj, "metadata": {**obj["metadata"], "managedFields": entries}}


def _identity(entry: Obj) -> tuple[str, str, str, str]:
    return entry["manager"], entry["operation"], entry["apiVersion"], entry.get("subresource", "")


def _entry(identity: tuple[str, str, str, str], time: str, fields: FieldSet) -> Obj:
    manager, operation, api_version, subresource = identity
    entry = {
        "manager": manager,
        "operation": operation,
        "apiVersion": api_version,
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    if subresource:
        entry["subresource"] = subresource
    return entry


def _sorted(entries: list[Obj]) -> list[Obj]:
    def key(entry: Obj) -> tuple[str, str, str, str, str]:
        return entry["operation"], entry["time"], entry["manager"], entry["apiVersion"], entry.get("subresource", "")

    return sorted(entries, key=key)


def _capped(entries: list[Obj]) -> list[Obj]:
    """At most `MAX_UPDATE_MANAGERS` that update: the oldest become one."""
    updates = [entry for entry in entries if entry["operation"] == "Update"]
    excess = len(updates) - MAX_UPDATE_MANAGERS
    if excess <= 0:
        return entries
    ancient = updates[: excess + 1]
    fields: FieldSet = {}
    for entry in ancient:
        fields = fieldset.union(fields, entry["fieldsV1"])
    merged = {**ancient[-1], "manager": ANCIENT, "fieldsV1": fields}
    rest = [entry for entry in entries if not any(entry is old for old in ancient)]
    return _sorted([merged, *rest])
