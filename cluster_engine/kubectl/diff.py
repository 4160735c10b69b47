"""`kubectl diff`. Follows k8s.io/kubectl/pkg/cmd/diff/diff.go.

Exit code 0 means no difference, 1 that there are differences, and more that something failed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, deleting
from cluster_engine.clock import SECOND_US
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import Aggregate, CommandError, ExitCode, explain, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.last_applied import original, without_last_applied
from cluster_engine.kubectl.printers import yaml_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.resource.builder import Builder, is_not_found
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.kubectl.unified_diff import unified
from cluster_engine.schema.patching import create_three_way_merge_patch, patch_type_for

_MASK = "***"
# The names of the directories in which diff(1) would find the two versions.
_LIVE, _MERGED = "/tmp/LIVE-1234567890", "/tmp/MERGED-1234567890"  # noqa: S108
_FAILED = 2


def run(call: Invocation) -> Process:
    flags, factory = call.flags, call.factory
    if call.args:
        raise CommandError(f"Unexpected args: [{' '.join(call.args)}]\nSee '{call.path} -h' for help and examples")
    if not flags.strings("filename") and not flags.string("kustomize"):
        raise CommandError("must specify one of -f and -k")
    if flags.on("force-conflicts") and not flags.on("server-side"):
        raise CommandError("--force-conflicts only works with --server-side")
    result = yield from Builder.of(factory, flags, ()).do()
    found: dict[str, tuple[str, str]] = {}
    for item in result.visit():
        if isinstance(item, Exception):
            raise_all([item])
            break
        live = _live(call, item)
        merged = _merged(call, item, live)
        if live is not None and deleting(live):
            factory.err.line(f"Warning: Detected changes to resource {item.name} which is currently being deleted.")
        found[_file_name(item)] = _texts(call, live, merged)
    text = _difference(call, found)
    factory.out.write(text)
    return 1 if text else 0


def _live(call: Invocation, info: Info) -> Obj | None:
    try:
        return call.factory.get(info.resource, info.namespace, info.name)
    except ApiError as error:
        if is_not_found(error):
            return None
        raise


def _merged(call: Invocation, info: Info, live: Obj | None) -> Obj:
    """What the object would be after an apply."""
    factory, flags = call.factory, call.flags
    local = {"metadata": {}, **info.obj}
    options: dict[str, Any] = {"dry_run": True, "field_manager": flags.string("field-manager")}
    if flags.on("server-side"):
        if not flags.changed("field-manager"):
            options["field_manager"] = "kubectl"
        return factory.request(  # type: ignore[no-any-return]
            "patch",
            info.resource,
            info.namespace,
            info.name,
            body=local,
            patch_type="apply",
            force=flags.on("force-conflicts"),
            **options,
        )
    if live is None:
        return factory.request("create", info.resource, info.namespace, body=local, **options)  # type: ignore[no-any-return]
    patch = create_three_way_merge_patch(original(live), without_last_applied(local), live)
    if not patch:
        return live
    return factory.request(  # type: ignore[no-any-return]
        "patch", info.resource, info.namespace, info.name, body=patch, patch_type=patch_type_for(live), **options
    )


def _file_name(info: Info) -> str:
    resource = info.resource
    group = f"{resource.group}." if resource.group else ""
    return f"{group}{resource.version}.{resource.kind}.{info.namespace}.{info.name}"


def _texts(call: Invocation, live: Obj | None, merged: Obj) -> tuple[str, str]:
    if not call.flags.on("show-managed-fields"):
        live, merged = live and _bare(live), _bare(merged)
    if merged["kind"] == "Secret":
        live, merged = _masked(live, merged)
    return yaml_printer.dump(live) if live is not None else "", yaml_printer.dump(merged)


def _bare(obj: Obj) -> Obj:
    return {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key != "managedFields"}}


def _masked(live: Obj | None, merged: Obj) -> tuple[Obj | None, Obj]:
    """A Secret's values as stars that still show which of them change."""
    old: Obj = (live or {}).get("data") or {}
    new: Obj = merged.get("data") or {}
    changed = {key for key in old if key in new and old[key] != new[key]}
    if live is not None and old:
        live = {**live, "data": {key: f"{_MASK} (before)" if key in changed else _MASK for key in old}}
    if new:
        merged = {**merged, "data": {key: f"{_MASK} (after)" if key in changed else _MASK for key in new}}
    return live, merged


def _difference(call: Invocation, found: dict[str, tuple[str, str]]) -> str:
    """What `diff -u -N` prints of two directories."""
    stamp = datetime.fromtimestamp(call.factory.now_us // SECOND_US, UTC).strftime("%Y-%m-%d %H:%M:%S")
    when = f"{stamp}.{call.factory.now_us % SECOND_US * 1000:09d} +0000"
    parts = []
    for name in sorted(found):
        old, new = f"{_LIVE}/{name}", f"{_MERGED}/{name}"
        text = unified(*found[name], f"{old}\t{when}", f"{new}\t{when}")
        if text:
            parts.append(f"diff -u -N {old} {new}\n{text}")
    return "".join(parts)


def run_with_codes(call: Invocation) -> Process:
    """A failure must not look like a difference: its code is more than 1."""
    try:
        return (yield from run(call))
    except (Aggregate, ApiError, CommandError) as error:
        text, _ = explain(error, lambda: "")
        call.factory.err.write(text)
        raise ExitCode(_FAILED) from None


COMMAND = Command(
    "diff",
    "Diff the live version against a would-be applied version",
    run_with_codes,
    use="-f FILENAME [options]",
    long="Shows what an apply of the files would change. Exit code 0: nothing; 1: something; more: it failed.",
    example="kubectl diff -f web.yaml\n\ncat web.yaml | kubectl diff -f -",
    group="Advanced Commands",
    completes="files",
    flag_fault_code=_FAILED,
    flags=(
        *common.filename("to compare"),
        common.SELECTOR,
        common.field_manager("kubectl-client-side-apply"),
        common.SHOW_MANAGED_FIELDS,
        Flag("concurrency", "int", default=1, help="How many objects are compared at a time"),
        Flag("force-conflicts", "bool", help="With --server-side: as if fields were taken over"),
        Flag("prune", "bool", help="Includes what an apply with --prune would delete"),
        Flag("prune-allowlist", "stringArray", help="Which kinds --prune may delete"),
        Flag("server-side", "bool", help="Lets the server merge"),
    ),
)
