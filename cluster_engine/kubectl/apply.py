"""`kubectl apply`: three-way merges of files into the cluster. Follows k8s.io/kubectl/pkg/cmd/apply."""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of, deleting, dig
from cluster_engine.kubectl import apply_last_applied, prune
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.edit import command as edit_command
from cluster_engine.kubectl.errors import CommandError, raise_all, with_source
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.last_applied import ANNOTATION, original, with_last_applied
from cluster_engine.kubectl.printers.json_printer import compact
from cluster_engine.kubectl.printers.output import Printer, object_printer
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.record import recorded
from cluster_engine.kubectl.resource.builder import Builder, is_not_found
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.schema.patching import create_three_way_merge_patch, patch_type_for

MAX_RETRIES = 5
_SERVER_SIDE_MANAGER = "kubectl"
_ANNOTATION_MANAGER = "kubectl-last-applied"
_CONFLICT_HELP = """
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts"""


def run(call: Invocation) -> Process:
    flags = call.flags
    if call.args:
        raise call.usage_error(f"Unexpected args: [{' '.join(call.args)}]")
    if flags.string("subresource") and not flags.on("server-side"):
        raise CommandError("--subresource can only be specified for --server-side")
    if not flags.strings("filename") and not flags.string("kustomize"):
        raise CommandError("must specify one of -f and -k")
    applier = Applier(call)
    applier.printer("")
    applier.validate()
    pruner = prune.Pruner(call) if flags.on("prune") else None
    builder = Builder.of(call.factory, flags, (), validated=applier.validation != "Ignore")
    builder.select_all = False
    result = yield from builder.do()
    infos, errors = result.infos()
    if not infos and not errors:
        raise CommandError("no objects passed to apply")
    for info in infos:
        try:
            obj = applier.apply(info)
        except (ApiError, CommandError) as error:
            errors.append(error)
            continue
        if pruner is not None:
            pruner.visited(info, obj)
    applier.show_all()
    raise_all(errors)
    if pruner is not None:
        pruner.prune()
    return 0


class Applier:
    """One call of `apply`."""

    def __init__(self, call: Invocation) -> None:
        self.call = call
        self.factory = call.factory
        self.dry_run = common.dry_run(call.flags)
        self.validation = common.field_validation(call.flags)
        self.server_side = call.flags.on("server-side")
        self._shown: list[Obj] = []
        if self.server_side and not call.flags.changed("field-manager"):
            self.factory.field_manager = _SERVER_SIDE_MANAGER

    def validate(self) -> None:
        flags = self.call.flags
        if flags.on("force-conflicts") and not self.server_side:
            raise CommandError("--force-conflicts only works with --server-side")
        if self.dry_run == "client" and self.server_side:
            raise CommandError(
                "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)"
            )
        if flags.on("force") and self.server_side:
            raise CommandError("--force cannot be used with --server-side")

    def printer(self, operation: str) -> Printer:
        return object_printer(self.call.flags, self.factory.files, operation + common.dry_run_suffix(self.dry_run))

    def show(self, obj: Obj, operation: str) -> None:
        """Says what happened; whole objects are shown together at the end."""
        if self.call.flags.string("output") in ("", "name"):
            self.factory.out.write(self.printer(operation)(obj))
        else:
            self._shown.append(obj)

    def show_all(self) -> None:
        if len(self._shown) == 1:
            self.factory.out.write(self.printer("")(self._shown[0]))
        elif self._shown:
            listed = {"apiVersion": "v1", "items": self._shown, "kind": "List", "metadata": {}}
            self.factory.out.write(self.printer("")(listed))

    def options(self) -> dict[str, Any]:
        return {"dry_run": self.dry_run == "server", "field_validation": self.validation}

    def apply(self, info: Info) -> Obj:
        """Applies one object; what it is then."""
        obj = {"metadata": {}, **info.obj}
        if self.call.flags.on("record"):
            obj = recorded(self.call, obj)
        if not info.name and obj["metadata"].get("generateName"):
            raise CommandError(f"from {obj['metadata']['generateName']}: cannot use generate name with apply")
        if self.server_side:
            return self._apply_on_server(info, obj)
        modified = with_last_applied(obj)
        current = self._current(info)
        return self._create(info, modified) if current is None else self._patch(info, modified, current)

    def _current(self, info: Info) -> Obj | None:
        if not info.name:
            return None
        try:
            return self.factory.get(info.resource, info.namespace, info.name)
        except ApiError as error:
            if is_not_found(error):
                return None
            verb = f"retrieving current configuration of:\n{_described(info)}\nfrom server for:"
            raise with_source(verb, info.source, error) from None

    def _create(self, info: Info, modified: Obj) -> Obj:
        obj: Obj = _without_nulls(modified)
        if self.dry_run != "client":
            try:
                obj = self.factory.request("create", info.resource, info.namespace, body=obj, **self.options())
            except ApiError as error:
                raise with_source("creating", info.source, error) from None
        self.show(obj, "created")
        return obj

    def _patch(self, info: Info, modified: Obj, current: Obj) -> Obj:
        if self.dry_run == "client":
            # Nothing is asked: the object is shown as it is.
            self.show(current, "configured")
            return current
        if ANNOTATION not in annotations_of(current):
            self.factory.err.line(
                f"Warning: resource {info.resource.plural}/{info.name} is missing the {ANNOTATION} "
                "annotation which is required by "
                "kubectl apply. kubectl apply should only be used on resources created declaratively "
                "by either kubectl create "
                "--save-config or kubectl apply. The missing annotation will be patched automatically."
            )
        try:
            patch, obj = self._patched(info, modified, current)
        except ApiError as error:
            if error.reason in ("Conflict", "Invalid") and self.call.flags.on("force"):
                return self._replace(info, modified)
            raise
        if deleting(obj):
            self.factory.err.line(
                f"Warning: Detected changes to resource {info.name} which is currently being deleted."
            )
        self.show(obj, "configured" if patch else "unchanged")
        return obj

    def _patched(self, info: Info, modified: Obj, current: Obj) -> tuple[Obj, Obj]:
        """(the patch, the object after it). A conflict is tried again on the object as it is then."""
        for attempt in range(MAX_RETRIES + 1):
            patch = create_three_way_merge_patch(original(current), modified, current)
            if not patch:
                return patch, current
            try:
                body = self.factory.request(
                    "patch",
                    info.resource,
                    info.namespace,
                    info.name,
                    body=patch,
                    patch_type=patch_type_for(modified),
                    **self.options(),
                )
                return patch, body
            except ApiError as error:
                if error.reason != "Conflict" or attempt == MAX_RETRIES:
                    verb = f"applying patch:\n{compact(patch)}\nto:\n{_described(info)}\nfor:"
                    raise with_source(verb, info.source, with_source("patching", info.source, error)) from None
                current = self.factory.get(info.resource, info.namespace, info.name)
        raise AssertionError("the loop ends by return or raise")

    def _replace(self, info: Info, modified: Obj) -> Obj:
        """`--force`: deletes and creates anew."""
        self.factory.request(
            "delete", info.resource, info.namespace, info.name, propagation_policy="Background", grace_period_seconds=0
        )
        obj: Obj = self.factory.request(
            "create", info.resource, info.namespace, body=_without_nulls(modified), **self.options()
        )
        self.show(obj, "configured")
        return obj

    def _apply_on_server(self, info: Info, obj: Obj) -> Obj:
        try:
            result: Obj = self.factory.request(
                "patch",
                info.resource,
                info.namespace,
                info.name,
                body=obj,
                patch_type="apply",
                force=self.call.flags.on("force-conflicts"),
                **self.options(),
            )
        except ApiError as error:
            if error.reason == "Conflict":
                raise CommandError(error.message + _CONFLICT_HELP) from None
            raise
        result = self._save_annotation(info, result)
        self.show(result, "serverside-applied")
        return result

    def _save_annotation(self, info: Info, obj: Obj) -> Obj:
        """Takes the annotation of the client's apply over, so that it does not go when its manager lets it go."""
        text = annotations_of(obj).get(ANNOTATION)
        if text is None or self.factory.field_manager != _SERVER_SIDE_MANAGER or self.dry_run == "server":
            return obj
        for entry in obj["metadata"].get("managedFields") or ():
            if (
                entry.get("operation") == "Apply"
                and dig(entry, "fieldsV1", "f:metadata", "f:annotations", f"f:{ANNOTATION}") is not None
            ):
                return obj
        meta = {"name": info.name, **({"namespace": info.namespace} if info.namespace else {})}
        body = {
            "apiVersion": obj["apiVersion"],
            "kind": obj["kind"],
            "metadata": {**meta, "annotations": {ANNOTATION: text}},
        }
        return self.factory.request(  # type: ignore[no-any-return]
            "patch",
            info.resource,
            info.namespace,
            info.name,
            body=body,
            patch_type="apply",
            field_manager=_ANNOTATION_MANAGER,
        )


def _described(info: Info) -> str:
    """As cli-runtime's Info prints itself."""
    resource = info.resource
    version = f"{resource.group}/{resource.version}"
    return (
        f'Resource: "{version}, Resource={resource.plural}", GroupVersionKind: "{version}, Kind={resource.kind}"\n'
        f'Name: "{info.name}", Namespace: "{info.namespace}"'
    )


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


COMMAND = Command(
    "apply",
    "Apply a configuration to a resource by file name or stdin",
    run,
    use="(-f FILENAME | -k DIRECTORY) [options]",
    long="Makes the cluster hold what a file says: what is not there is created, what is there is "
    "changed where the file differs.\n\n"
    "The file is kept in an annotation, so that what you take out of it later is taken out of the cluster too.",
    example="# A file\nkubectl apply -f ./web.yaml\n\n# All files of the folder\nkubectl apply -f "
    ".\n\n# Standard input\n"
    "cat web.yaml | kubectl apply -f -",
    group="Advanced Commands",
    completes="files",
    flags=(
        *common.filename("to apply"),
        *common.output(),
        common.SELECTOR,
        common.ALL,
        common.DRY_RUN,
        common.VALIDATE,
        common.RECORD,
        common.field_manager("kubectl-client-side-apply"),
        common.cascade(),
        common.GRACE_PERIOD,
        common.TIMEOUT,
        Flag("force", "bool", help="Deletes and creates anew what cannot be changed"),
        Flag("force-conflicts", "bool", help="With --server-side: takes fields over from other managers"),
        Flag("openapi-patch", "bool", default=True, help="Makes patches by the published schema"),
        Flag("overwrite", "bool", default=True, help="The file wins over changes made since"),
        Flag("prune", "bool", help="Deletes what is no longer in the files"),
        Flag("prune-allowlist", "stringArray", help="Which kinds --prune may delete"),
        Flag("server-side", "bool", help="Lets the server merge"),
        Flag("subresource", help="A subresource to apply to"),
        Flag("wait", "bool", help="Waits until deleted objects are gone"),
    ),
    commands=(apply_last_applied.VIEW, apply_last_applied.SET, edit_command.LAST_APPLIED),
)
