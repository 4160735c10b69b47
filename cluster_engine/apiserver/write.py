"""create, update and patch: decode → default → prepare → admit → validate → store.

Follows k8s.io/apiserver/pkg/registry/rest/{create,update}.go and endpoints/handlers/patch.go.
"""

from __future__ import annotations

from typing import Any

from cluster_engine.api.metadata import validate_object_meta, validate_object_meta_update
from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.errors import FieldError
from cluster_engine.apimachinery.gotext import GoText
from cluster_engine.apimachinery.meta import Obj, with_meta
from cluster_engine.apimachinery.names import generate_name
from cluster_engine.apiserver import admission, managedfields, quota, read
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.apiserver.event_ttl import EVENT_TTL_SECONDS
from cluster_engine.apiserver.request import Request, Response
from cluster_engine.etcd.store import CompareFailedError
from cluster_engine.schema.patching import apply_patch
from cluster_engine.schema.scalars import untyped

# What a client may say but only the server sets; dropped in silence on create, kept as stored on update.
_SERVER_FIELDS = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
)
# A change of these may use more of a quota: other ports, a larger volume.
_CHARGED_ON_UPDATE = ("Service", "PersistentVolumeClaim")
MAX_OBJECT_BYTES = 3 * 1024 * 1024


def create(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    resource = strategy.resource
    obj, warnings = _decode(strategy, request, request.body)
    obj = _scoped(strategy, request, obj)
    if obj["metadata"].get("resourceVersion"):
        raise errors.bad_request("resourceVersion should not be set on objects to be created")
    applying = request.patch_type == "apply"
    fresh = _fresh_meta(server, strategy, obj, applying=applying)
    obj = strategy.prepare_for_create(strategy.default(fresh))
    # What admission adds has no manager.
    owned = obj if applying else managedfields.after_update(strategy, None, obj, _writer(server, request))
    obj = admission.admit_create(server, strategy, obj)
    obj = with_meta(obj, managedFields=owned["metadata"].get("managedFields"))
    _refuse(strategy, obj, [*validate_object_meta(obj, strategy), *strategy.validate(obj)])
    key = resource.key(obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
    existing = server.store.get(key)
    if existing is not None:
        if obj["metadata"].get("generateName") and not request.body["metadata"].get("name"):
            return create(server, strategy, request)  # the random suffix was taken: draw another
        raise errors.already_exists(resource.plural, resource.group, obj["metadata"]["name"])
    admission.validate_create(server, strategy, obj)
    quota.charge(server, strategy, obj, dry_run=request.dry_run)
    if not request.dry_run:
        obj = _store(server, strategy, key, obj, expected_revision=0)
    return Response(201, read.render(server, strategy, request, obj), [*warnings, *_warnings(strategy, request, obj)])


def update(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    resource = strategy.resource
    new, warnings = _decode(strategy, request, request.body)
    new = _scoped(strategy, request, new)
    name = new["metadata"].get("name") or request.name
    if request.name and name != request.name:
        raise errors.bad_request(f"the name of the object ({name}) does not match the name on the URL ({request.name})")
    item = server.store.get(resource.key(request.namespace, request.name))
    if item is None:
        if strategy.allow_create_on_update and not new["metadata"].get("resourceVersion"):
            return create(server, strategy, request)
        raise errors.not_found(resource.plural, resource.group, request.name)
    obj = replace(server, strategy, request, strategy.default(new), strategy.from_storage(item.value))
    return Response(200, read.render(server, strategy, request, obj), [*warnings, *_warnings(strategy, request, obj)])


def patch(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    resource = strategy.resource
    if request.patch_type == "apply":
        return _apply(server, strategy, request)
    item = server.store.get(resource.key(request.namespace, request.name))
    if item is None:
        raise errors.not_found(resource.plural, resource.group, request.name)
    warnings: list[str] = []
    old = strategy.from_storage(item.value)
    if request.trusted:
        new = apply_patch(old, request.body, request.patch_type, resource)
    else:
        new, warnings = strategy.patch(old, request.body, request.patch_type, request.field_validation)
    new = _scoped(strategy, request, new)
    obj = replace(server, strategy, request, strategy.default(new), old)
    return Response(200, read.render(server, strategy, request, obj), [*warnings, *_warnings(strategy, request, obj)])


def _apply(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """Server-side apply: creates what is not there, else merges what the configuration sets and takes its fields."""
    resource = strategy.resource
    config = _applied(request, strategy)
    config = _scoped(strategy, request, config)
    name = config["metadata"].get("name", request.name)
    if name != request.name:
        raise errors.bad_request(f"name must be set to the name on the URL ({request.name}), got {name}")
    if config["metadata"].get("managedFields"):
        raise errors.bad_request("metadata.managedFields must be nil")
    config = with_meta(config, name=name)
    item = server.store.get(resource.key(request.namespace, request.name))
    writer = _writer(server, request)
    if item is None:
        if request.subresource:
            raise errors.not_found(resource.plural, resource.group, request.name)
        request.body = managedfields.apply(strategy, None, config, writer, force=request.force)
        return create(server, strategy, request)
    old = strategy.from_storage(item.value)
    merged = managedfields.apply(strategy, old, config, writer, force=request.force)
    new, _ = strategy.decode(merged, "Ignore")
    obj = replace(server, strategy, request, strategy.default(new), old)
    return Response(200, read.render(server, strategy, request, obj), _warnings(strategy, request, obj))


def _applied(request: Request, strategy: Strategy) -> Obj:
    """The configuration as it was written, once it has been seen to be one of the kind."""
    resource = strategy.resource
    if isinstance(request.body, dict) and request.body.get("apiVersion") != resource.api_version:
        # What applies has to say what it is: nothing is guessed.
        raise errors.bad_request(
            "Incorrect version specified in apply patch. "
            f"Specified patch version: {request.body.get('apiVersion') or ''}, expected: {resource.api_version}"
        )
    config, unknown = strategy.decode(request.body, "Warn")
    if unknown:
        namespace = config["metadata"].get("namespace", "")
        where = f"{namespace}/{request.name}" if namespace else request.name
        fields = [text.removeprefix('unknown field "').removesuffix('"') for text in unknown]
        raise errors.bad_request(
            f"failed to create typed patch object ({where}; {resource.api_version}, Kind={resource.kind}): "
            + ", ".join(f".{field}: field not declared in schema" for field in fields)
        )
    # What was applied is what was written, not what was left out and is meant by that.
    written: Obj = untyped(request.body)
    return {**written, "kind": resource.kind, "metadata": config["metadata"]}


def replace(server: ServerContext, strategy: Strategy, request: Request, new: Obj, old: Obj) -> Obj:
    """Puts `new` in the place of `old`, by the kind's rules for that part of it (`request.subresource`)."""
    _check_preconditions(strategy, request, new, old)
    new = _kept_meta(new, old, applying=request.patch_type == "apply")
    if request.subresource == "status":
        new = strategy.prepare_for_status_update(new, old)
        faults = strategy.validate_status_update(new, old)
    else:
        new = strategy.prepare_for_update(new, old)
        if strategy.tracks_generation and strategy.changes_generation(new, old):
            new = with_meta(new, generation=old["metadata"].get("generation", 0) + 1)
        new = admission.admit_update(server, strategy, new, old)
        faults = validate_object_meta_update(new, old, checks_finalizers=strategy.checks_finalizers)
        faults += [*strategy.validate(new), *strategy.validate_update(new, old)]
    _refuse(strategy, new, faults)
    if not request.subresource:
        admission.validate_update(server, strategy, new, old)
    if request.patch_type != "apply" and new != old:
        new = managedfields.after_update(strategy, old, new, _writer(server, request))
    if not request.subresource and strategy.resource.kind in _CHARGED_ON_UPDATE and new != old:
        quota.charge(server, strategy, new, old, dry_run=request.dry_run)
    if new == old or request.dry_run:
        return new
    key = strategy.resource.key(old["metadata"].get("namespace", ""), old["metadata"]["name"])
    if _finished(new):
        remove(server, strategy, key, new)
        return new
    return _store(server, strategy, key, new, expected_revision=int(old["metadata"]["resourceVersion"]))


def remove(server: ServerContext, strategy: Strategy, key: str, last: Obj) -> Obj:
    """Deletes a key; watchers see `last` with the revision of its deletion."""
    last = with_meta(last, resourceVersion=str(server.store.revision + 1))
    server.store.delete(key, strategy.to_storage(last))
    return last


def store_object(server: ServerContext, strategy: Strategy, obj: Obj, old: Obj) -> Obj:
    """Writes a new state of `old` that the server itself made (deletion marks, scale, binding)."""
    meta = old["metadata"]
    key = strategy.resource.key(meta.get("namespace", ""), meta["name"])
    return _store(server, strategy, key, obj, expected_revision=int(meta["resourceVersion"]))


def _store(server: ServerContext, strategy: Strategy, key: str, obj: Obj, *, expected_revision: int) -> Obj:
    store = server.store
    obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(store.revision + 1)}}
    ttl_seconds = EVENT_TTL_SECONDS if strategy.resource.kind == "Event" else None
    stored = strategy.to_storage(obj)
    try:
        item = store.put(key, stored, expected_revision=expected_revision, ttl_seconds=ttl_seconds)
        return item.value if stored is obj else strategy.from_storage(item.value)
    except CompareFailedError:
        resource = strategy.resource
        raise errors.conflict(resource.plural, resource.group, obj["metadata"]["name"]) from None


def _decode(strategy: Strategy, request: Request, body: Any) -> tuple[Obj, list[str]]:
    """The body as an object of the kind. Components' bodies are built from stored objects and need no decoding."""
    if request.trusted:
        return body, []
    return strategy.decode(body, request.field_validation, request.duplicates)


def _scoped(strategy: Strategy, request: Request, obj: Obj) -> Obj:
    """The object in the namespace of the request; BadRequest when it says another one."""
    if not strategy.resource.namespaced:
        return with_meta(obj, namespace=None) if obj["metadata"].get("namespace") else obj
    named = obj["metadata"].get("namespace", "")
    if named == request.namespace:
        return obj
    if named:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return with_meta(obj, namespace=request.namespace)


def _fresh_meta(server: ServerContext, strategy: Strategy, obj: Obj, *, applying: bool) -> Obj:
    """The metadata that the server gives a new object: name, uid, time, generation."""
    meta = {field: value for field, value in obj["metadata"].items() if field not in _SERVER_FIELDS}
    meta.pop("resourceVersion", None)
    if not applying:
        meta.pop("managedFields", None)
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = generate_name(meta["generateName"], server.names)
    meta["uid"] = server.uids.uid()
    meta["creationTimestamp"] = server.clock.rfc3339()
    if strategy.tracks_generation:
        meta["generation"] = 1
    return {**obj, "metadata": meta}


def _kept_meta(new: Obj, old: Obj, *, applying: bool) -> Obj:
    """What an update may not change in the metadata stays as stored; uid and such that differ are faults found
    later.
    """
    kept = old["metadata"]
    meta = dict(new["metadata"])
    for field in (
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "resourceVersion",
        "selfLink",
    ):
        if field in kept:
            meta[field] = kept[field]
        else:
            meta.pop(field, None)
    meta.setdefault("uid", kept.get("uid"))
    if not applying:
        meta.pop("managedFields", None)
        if "managedFields" in kept:
            meta["managedFields"] = kept["managedFields"]
    if "generateName" in kept:
        meta.setdefault("generateName", kept["generateName"])
    return {**new, "metadata": meta}


def _check_preconditions(strategy: Strategy, request: Request, new: Obj, old: Obj) -> None:
    resource = strategy.resource
    asked = new["metadata"].get("resourceVersion")
    name = old["metadata"]["name"]
    if asked and asked != old["metadata"]["resourceVersion"]:
        raise errors.conflict(resource.plural, resource.group, name)
    if not asked and request.verb == "update" and not strategy.allow_unconditional_update:
        fault = errors.invalid_value("metadata.resourceVersion", GoText("0x0"), "must be specified for an update")
        raise errors.invalid(resource.kind, resource.group, name, [fault])
    uid = new["metadata"].get("uid")
    if uid and uid != old["metadata"].get("uid"):
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {old['metadata'].get('uid')}"
        raise errors.conflict(resource.plural, resource.group, name, why)


def _finished(obj: Obj) -> bool:
    """Whether an object that is being deleted has nothing left to wait for: no finalizer, no grace."""
    meta = obj["metadata"]
    if not meta.get("deletionTimestamp") or meta.get("finalizers"):
        return False
    if obj["kind"] == "Namespace" and (obj.get("spec") or {}).get("finalizers"):
        return False
    return not meta.get("deletionGracePeriodSeconds")


def _refuse(strategy: Strategy, obj: Obj, faults: list[FieldError]) -> None:
    if faults:
        meta = obj["metadata"]
        name = meta.get("name") or meta.get("generateName", "")
        raise errors.invalid(strategy.resource.kind, strategy.resource.group, name, faults)


def _writer(server: ServerContext, request: Request) -> managedfields.Writer:
    return managedfields.Writer(request.field_manager, request.subresource, server.clock.rfc3339())


def _warnings(strategy: Strategy, request: Request, obj: Obj) -> list[str]:
    return [] if request.trusted else strategy.warnings(obj)
