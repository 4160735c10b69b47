"""Resources that are worked out whenever somebody asks: the health of components, the group versions that are served.

Follows pkg/registry/core/componentstatus/rest.go and kube-aggregator's pkg/controllers/autoregister.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors, fields, labels
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Scheme
from cluster_engine.apiserver import printing, read, subresources
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.apiserver.request import Request, Response

_DEPRECATED = "v1 ComponentStatus is deprecated in v1.19+"
_BINDINGS = "bindings"


def handles(resource: str) -> bool:
    """Whether a group resource is one of these."""
    return resource in _OBJECTS or resource == _BINDINGS


def handle(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """Answers a request for one of these resources."""
    if request.resource == _BINDINGS:
        return _bind(server, request)
    found = {obj["metadata"]["name"]: obj for obj in _OBJECTS[request.resource](server)}
    warnings = [_DEPRECATED] if strategy.resource.kind == "ComponentStatus" else []
    if request.verb == "get":
        if request.name not in found:
            raise errors.not_found(strategy.resource.plural, strategy.resource.group, request.name)
        return Response(200, read.render(server, strategy, request, found[request.name]), warnings)
    items = _selected(list(found.values()), request)
    meta = {"resourceVersion": str(server.store.revision)}
    if request.accept == "table":
        table = printing.table(strategy, items, server.clock.now_us, meta, request.include_object)
        return Response(200, table, warnings)
    resource = strategy.resource
    if request.accept == "partial":
        body: Obj = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta}
        return Response(200, {**body, "items": [printing.partial(obj) for obj in items]}, warnings)
    body = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": meta, "items": items}
    return Response(200, body, warnings)


def _selected(items: list[Obj], request: Request) -> list[Obj]:
    try:
        by_label = labels.parse(request.label_selector) if request.label_selector else None
        by_field = fields.parse(request.field_selector) if request.field_selector else None
    except ValueError as error:
        raise errors.bad_request(str(error)) from None
    for requirement in by_field.requirements if by_field is not None else ():
        if requirement.field != "metadata.name":
            raise errors.bad_request(f"field label not supported: {requirement.field}")
    return [
        obj
        for obj in items
        if (by_label is None or by_label.matches(obj["metadata"].get("labels") or {}))
        and (by_field is None or by_field.matches({"metadata.name": obj["metadata"]["name"]}))
    ]


def _bind(server: ServerContext, request: Request) -> Response:
    """The same as the `binding` of the pod that has the Binding's name."""
    body = request.body if isinstance(request.body, dict) else {}
    meta = body.get("metadata")
    name = meta.get("name") if isinstance(meta, dict) else None
    if not isinstance(name, str) or not name:
        raise errors.invalid("Binding", "", "", [errors.required("metadata.name", "name or generateName is required")])
    asked = replace(request, resource="pods", name=name, subresource="binding")
    return subresources.handle(server, server.strategy("pods"), asked)


def _component_statuses(server: ServerContext) -> list[Obj]:
    made = []
    for name, fault in server.component_faults().items():
        condition = {"type": "Healthy", "status": "False" if fault else "True", "message": fault or "ok"}
        made.append(
            {
                "kind": "ComponentStatus",
                "apiVersion": "v1",
                "metadata": {"name": name, "creationTimestamp": None},
                "conditions": [condition],
            }
        )
    return made


def _api_services(server: ServerContext) -> list[Obj]:
    available = {
        "type": "Available",
        "status": "True",
        "lastTransitionTime": server.started,
        "reason": "Local",
        "message": "Local APIServices are always available",
    }
    return [
        {
            "kind": "APIService",
            "apiVersion": "apiregistration.k8s.io/v1",
            "metadata": {
                "name": f"{version}.{group}",
                "creationTimestamp": server.started,
                "labels": {"kube-aggregator.kubernetes.io/automanaged": "onstart"},
            },
            "spec": {"group": group, "version": version, "groupPriorityMinimum": priority, "versionPriority": 1}
            if group
            else {"version": version, "groupPriorityMinimum": priority, "versionPriority": 1},
            "status": {"conditions": [available]},
        }
        for group, version, priority in _group_versions(server.scheme)
    ]


def _group_versions(scheme: Scheme) -> list[tuple[str, str, int]]:
    """(group, version, how early the group comes in discovery), in the order of their names."""
    groups = list(dict.fromkeys(resource.group for resource in scheme.served()))
    priorities = {group: 18000 - 100 * index for index, group in enumerate(groups)}
    found = [(group, version, priorities[group]) for group in groups for version in scheme.versions(group)]
    return sorted(found, key=lambda one: f"{one[1]}.{one[0]}")


_OBJECTS: dict[str, Callable[[ServerContext], list[Obj]]] = {
    "componentstatuses": _component_statuses,
    "apiservices.apiregistration.k8s.io": _api_services,
}
