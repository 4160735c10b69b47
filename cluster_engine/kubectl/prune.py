"""`kubectl apply --prune`: what was applied before and is in no file any more goes. Follows pkg/cmd/apply/prune.go."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.last_applied import ANNOTATION
from cluster_engine.kubectl.printers.output import object_printer
from cluster_engine.kubectl.resource.builder import is_not_found
from cluster_engine.kubectl.resource.mapper import Info

_NAMESPACED = (
    ("v1", "ConfigMap"),
    ("v1", "Endpoints"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Pod"),
    ("v1", "ReplicationController"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "Ingress"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"),
)
_CLUSTER = (("v1", "Namespace"), ("v1", "PersistentVolume"))
_DEPRECATED = (
    "Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the --namespace "
    "flag in a future release. To preserve the current behaviour, list the resources you want to target explicitly in "
    "the --prune-allowlist flag."
)


class Pruner:
    """Remembers what was applied, and deletes the rest. Raises CommandError for a line that says too little."""

    def __init__(self, call: Invocation) -> None:
        flags = call.flags
        self.call, self.factory = call, call.factory
        if flags.on("force"):
            raise CommandError("--force cannot be used with --prune")
        if not flags.on("all") and not flags.string("selector"):
            raise CommandError(
                "all resources selected for prune without explicitly passing --all. To prune all resources, pass the "
                "--all flag. If you did not mean to prune all resources, specify a label selector"
            )
        if flags.on("server-side"):
            raise CommandError("--prune is in alpha and doesn't currently work on objects created by server-side apply")
        self._resources = self._allowed(flags.strings("prune-allowlist"))
        self._uids: set[str] = set()
        self._namespaces: dict[str, None] = {}

    def _allowed(self, words: Sequence[str]) -> list[Resource]:
        """The kinds that may be pruned: those of `--prune-allowlist`, else the usual ones."""
        kinds = [(*_NAMESPACED, *_CLUSTER)] if not words else []
        pairs = list(kinds[0]) if kinds else []
        for word in words:
            parts = word.split("/")
            if len(parts) != 3:
                raise CommandError(f"invalid GroupVersionKind format: {word}, please follow <group/version/kind>")
            group, version, kind = parts
            pairs.append((version if group in ("core", "") else f"{group}/{version}", kind))
        found = []
        for api_version, kind in pairs:
            resource = self.factory.mapper.for_kind(api_version, kind)
            if resource is None and words:
                raise CommandError(f'no matches for kind "{kind}" in version "{api_version}"')
            if resource is not None:
                found.append(resource)
        return found

    def visited(self, info: Info, obj: Obj) -> None:
        """Notes an object that is in a file."""
        self._uids.add(obj["metadata"].get("uid", ""))
        if info.namespace:
            self._namespaces[info.namespace] = None

    def prune(self) -> None:
        if not self.call.flags.strings("prune-allowlist"):
            self.factory.log("W", f"prune.go:71] {_DEPRECATED}")
        for namespace in sorted(self._namespaces):
            for resource in self._resources:
                if resource.namespaced:
                    self._prune(resource, namespace)
        for resource in self._resources:
            if not resource.namespaced:
                self._prune(resource, "")

    def _prune(self, resource: Resource, namespace: str) -> None:
        flags, dry_run = self.call.flags, common.dry_run(self.call.flags)
        printer = object_printer(flags, self.factory.files, "pruned" + common.dry_run_suffix(dry_run))
        for obj in self.factory.list(resource.group_resource, namespace, label_selector=flags.string("selector")):
            meta = obj["metadata"]
            if ANNOTATION not in annotations_of(obj) or meta.get("uid") in self._uids:
                continue
            if dry_run != "client":
                self._delete(resource, namespace, meta["name"], server=dry_run == "server")
            self.factory.out.write(printer({"apiVersion": resource.api_version, "kind": resource.kind, **obj}))

    def _delete(self, resource: Resource, namespace: str, name: str, *, server: bool) -> None:
        grace = self.call.flags.number("grace-period")
        try:
            self.factory.request(
                "delete",
                resource,
                namespace,
                name,
                dry_run=server,
                propagation_policy="Background",
                grace_period_seconds=grace if grace >= 0 else None,
            )
        except ApiError as error:
            if not is_not_found(error):
                raise
