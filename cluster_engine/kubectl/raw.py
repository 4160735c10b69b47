"""`--raw`: a path of the API instead of a resource. Only paths of resources are known here."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from cluster_engine.apimachinery.errors import page_not_found
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.kubectl.command import Invocation
from cluster_engine.kubectl.factory import VERSION
from cluster_engine.kubectl.printers.json_printer import compact

_HEALTH = ("/healthz", "/livez", "/readyz")


def get(call: Invocation, path: str) -> int:
    """Prints what the server answers to a GET."""
    out, url = call.factory.out, urlsplit(path)
    if url.path.rstrip("/") in _HEALTH:
        out.write("ok")
        return 0
    if url.path.rstrip("/") == "/version":
        out.write(_version())
        return 0
    resource, namespace, name, subresource = _target(call, url.path)
    query = {key: values[0] for key, values in parse_qs(url.query).items()}
    body: Obj = call.factory.request(
        "get" if name else "list",
        resource,
        namespace,
        name,
        subresource=subresource,
        label_selector=query.get("labelSelector", ""),
        field_selector=query.get("fieldSelector", ""),
    )
    out.write(compact(body) + "\n")
    return 0


def delete(call: Invocation, path: str) -> int:
    resource, namespace, name, _ = _target(call, urlsplit(path).path)
    body: Obj = call.factory.request("delete" if name else "deletecollection", resource, namespace, name)
    call.factory.out.write(compact(body) + "\n")
    return 0


def _target(call: Invocation, path: str) -> tuple[Resource, str, str, str]:
    """(resource, namespace, name, subresource) of a path; raises ApiError for one that the server does not have."""
    parts = [part for part in path.split("/") if part]
    group, version, rest = "", "", []
    if parts[:1] == ["api"]:
        version, rest = "".join(parts[1:2]), parts[2:]
    elif parts[:1] == ["apis"]:
        group, version, rest = "".join(parts[1:2]), "".join(parts[2:3]), parts[3:]
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    resource = call.factory.mapper.get(f"{rest[0]}.{group}" if group else rest[0]) if rest else None
    if resource is None or resource.version != version:
        raise page_not_found()
    return resource, namespace, "".join(rest[1:2]), "/".join(rest[2:])


def _version() -> str:
    lines = {"gitVersion": VERSION, "major": "1", "minor": "32"}
    return "{\n" + ",\n".join(f'  "{key}": "{value}"' for key, value in sorted(lines.items())) + "\n}\n"
