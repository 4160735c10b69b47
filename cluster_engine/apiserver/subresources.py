"""Subresources: status, scale, binding, a namespace's finalize, a pod's ephemeral containers."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.api.core.pod_ephemeral import EphemeralContainersStrategy
from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.meta import Obj, deleting, with_annotations, with_meta
from cluster_engine.apiserver import connect, read, write
from cluster_engine.apiserver.auth.token_request import create_token
from cluster_engine.apiserver.bodies import BINDING, SCALE, decoded
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.apiserver.eviction import evict
from cluster_engine.apiserver.request import Request, Response
from cluster_engine.schema.decode import decode
from cluster_engine.schema.patching import apply_patch

Handler = Callable[[ServerContext, Strategy, Request], Response]


def handle(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """Answers a request to a subresource; 404 for one that the kind does not have."""
    handler = _SUBRESOURCES.get(request.subresource)
    if handler is None or request.subresource not in strategy.resource.subresources:
        raise errors.page_not_found()
    return handler(server, strategy, request)


_EPHEMERAL = EphemeralContainersStrategy()


def ephemeral_containers(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """get, update and patch of a pod, of which only its ephemeral containers change."""
    del strategy
    return status(server, _EPHEMERAL, request)


def status(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """get, update and patch of the status alone. Shares everything with the main resource but the kind's rules."""
    verbs: dict[str, Handler] = {"get": read.get, "update": write.update, "patch": write.patch}
    if request.verb not in verbs:
        raise errors.method_not_allowed(request.verb, strategy.resource.plural)
    return verbs[request.verb](server, strategy, request)


def scale(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """The number of replicas as an autoscaling/v1 Scale, the same for every kind that has one."""
    obj = server.find(strategy.resource, request.namespace, request.name)
    if obj is None:
        raise errors.not_found(f"{strategy.resource.plural}/scale", strategy.resource.group, request.name)
    present = strategy.scale(obj)
    if request.verb == "get":
        return Response(200, present)
    if request.verb == "patch":
        wanted = decode(apply_patch(present, request.body, request.patch_type, None), SCALE, "Ignore")[0]
    elif request.verb == "update":
        wanted = decoded(request, SCALE)
    else:
        raise errors.method_not_allowed(request.verb, strategy.resource.plural)
    replicas = _replicas(wanted, obj)
    asked = (wanted.get("metadata") or {}).get("resourceVersion")
    resource = strategy.resource
    if asked and asked != obj["metadata"]["resourceVersion"]:
        raise errors.conflict(resource.plural, resource.group, request.name)
    scaled = strategy.with_replicas(obj, replicas)
    main = Request(
        "update",
        request.resource,
        request.namespace,
        request.name,
        user=request.user,
        groups=request.groups,
        field_manager=request.field_manager,
        dry_run=request.dry_run,
        trusted=True,
    )
    return Response(200, strategy.scale(write.replace(server, strategy, main, scaled, obj)))


def _replicas(scale_obj: Obj, obj: Obj) -> int:
    """`spec.replicas` of a Scale; Invalid when it is not a count."""
    replicas: int = (scale_obj.get("spec") or {}).get("replicas", 0)
    if replicas < 0:
        fault = errors.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise errors.invalid("Scale", "autoscaling", obj["metadata"]["name"], [fault])
    return replicas


def binding(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """Puts a pod on a node. Follows pkg/registry/core/pod/storage (assignPod)."""
    if request.verb != "create":
        raise errors.method_not_allowed(request.verb, strategy.resource.plural)
    body = decoded(request, BINDING)
    node = (body.get("target") or {}).get("name", "")
    if not node:
        raise errors.invalid("Binding", "", request.name, [errors.required("target.name")])
    pod = server.require(strategy.resource, request.namespace, request.name)
    wanted_uid = (body.get("metadata") or {}).get("uid")
    if wanted_uid and wanted_uid != pod["metadata"]["uid"]:
        why = f"Precondition failed: UID in precondition: {wanted_uid}, UID in object meta: {pod['metadata']['uid']}"
        raise errors.conflict("pods", "", request.name, why)
    if deleting(pod):
        raise errors.conflict(
            "pods/binding", "", request.name, f"pod {request.name} is being deleted, cannot be assigned to a host"
        )
    if pod["spec"].get("nodeName"):
        why = f'pod {request.name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise errors.conflict("pods/binding", "", request.name, why)
    annotations = (body.get("metadata") or {}).get("annotations")
    bound = with_annotations(pod, annotations) if annotations else pod
    now = server.clock.rfc3339()
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
    others = [c for c in (pod.get("status") or {}).get("conditions") or () if c["type"] != "PodScheduled"]
    bound = {
        **bound,
        "spec": {**pod["spec"], "nodeName": node},
        "status": {**(pod.get("status") or {}), "conditions": [*others, scheduled]},
    }
    if not request.dry_run:
        write.store_object(server, strategy, bound, pod)
    return Response(201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})


def finalize(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """Replaces a namespace's `spec.finalizers`; one that is being deleted and has none left goes."""
    if request.verb != "update":
        raise errors.method_not_allowed(request.verb, strategy.resource.plural)
    old = server.require(strategy.resource, "", request.name)
    finalizers = (decoded(request, strategy.resource).get("spec") or {}).get("finalizers") or []
    new = {**old, "spec": {**old.get("spec", {}), "finalizers": finalizers}}
    if request.dry_run:
        return Response(200, new)
    if deleting(old) and not finalizers and not old["metadata"].get("finalizers"):
        key = strategy.resource.key("", request.name)
        return Response(200, write.remove(server, strategy, key, with_meta(new)))
    return Response(200, write.store_object(server, strategy, new, old))


_SUBRESOURCES: dict[str, Handler] = {
    "status": status,
    "scale": scale,
    "binding": binding,
    "eviction": evict,
    "finalize": finalize,
    "ephemeralcontainers": ephemeral_containers,
    "token": create_token,
    "log": connect.log,
    "exec": connect.execute,
    "attach": connect.attach,
    "portforward": connect.port_forward,
    "proxy": connect.proxy,
}
