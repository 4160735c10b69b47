"""Discovery: what the server tells clients of its groups, versions and resources.

Follows k8s.io/apiserver/pkg/endpoints/discovery, legacy (one document a group version) and aggregated (one for all).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource, Scheme
from cluster_engine.version import VERSION_INFO

# The verbs of subresources, and the kind that they speak where it is not the resource's own.
_SUBRESOURCES: dict[str, tuple[tuple[str, ...], tuple[str, str, str] | None]] = {
    "status": (("get", "patch", "update"), None),
    "scale": (("get", "patch", "update"), ("autoscaling", "v1", "Scale")),
    "binding": (("create",), ("", "v1", "Binding")),
    "eviction": (("create",), ("policy", "v1", "Eviction")),
    "finalize": (("update",), None),
    "log": (("get",), None),
    "exec": (("create", "get"), ("", "v1", "PodExecOptions")),
    "attach": (("create", "get"), ("", "v1", "PodAttachOptions")),
    "portforward": (("create", "get"), ("", "v1", "PodPortForwardOptions")),
    "proxy": (("create", "delete", "get", "patch", "update"), None),
    "token": (("create",), ("authentication.k8s.io", "v1", "TokenRequest")),
    "ephemeralcontainers": (("get", "patch", "update"), None),
    "approval": (("get", "patch", "update"), None),
}


def documents(scheme: Scheme, path: str, aggregated: str) -> Obj | None:
    """The discovery document at a path, or None where there is none. `aggregated` is the version asked for, or ""."""
    parts = path.strip("/").split("/")
    match parts:
        case ["version"]:
            return VERSION_INFO
        case ["api"]:
            return _aggregated(scheme, core=True, version=aggregated) if aggregated else _core_versions()
        case ["apis"]:
            return _aggregated(scheme, core=False, version=aggregated) if aggregated else _group_list(scheme)
        case ["api", version]:
            return _resource_list(scheme, "", version)
        case ["apis", group]:
            versions = scheme.versions(group)
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, versions)} if versions else None
        case ["apis", group, version]:
            return _resource_list(scheme, group, version)
    return None


def _core_versions() -> Obj:
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": "192.168.0.1:6443"}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}


def groups(scheme: Scheme) -> list[str]:
    """The named groups in the order of the scheme."""
    return list(dict.fromkeys(r.group for r in scheme.served() if r.group))


def _group(group: str, versions: list[str]) -> Obj:
    listed = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": listed, "preferredVersion": listed[0]}


def _group_list(scheme: Scheme) -> Obj:
    listed = [_group(group, scheme.versions(group)) for group in groups(scheme)]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def _resource_list(scheme: Scheme, group: str, version: str) -> Obj | None:
    found = scheme.in_group(group, version)
    if not found:
        return None
    listed: list[Obj] = []
    for resource in sorted(found, key=lambda r: r.plural):
        listed.append(_plain(resource))
        listed.extend(_plain_subresource(resource, name) for name in _served(resource))
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": listed}


def _plain(resource: Resource) -> Obj:
    entry: Obj = {
        "name": resource.plural,
        "singularName": resource.singular or resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": sorted(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if "list" in resource.verbs:
        entry["storageVersionHash"] = _storage_hash(resource)
    return entry


def _served(resource: Resource) -> list[str]:
    return sorted(name for name in resource.subresources if name in _SUBRESOURCES)


def _storage_hash(resource: Resource) -> str:
    digest = hashlib.sha256(f"{resource.group}/{resource.version}/{resource.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def _plain_subresource(resource: Resource, name: str) -> Obj:
    verbs, spoken = _SUBRESOURCES[name]
    entry: Obj = {"name": f"{resource.plural}/{name}", "singularName": "", "namespaced": resource.namespaced}
    if spoken is not None and spoken[0]:
        entry |= {"group": spoken[0], "version": spoken[1]}
    return {**entry, "kind": spoken[2] if spoken else resource.kind, "verbs": list(verbs)}


def _aggregated(scheme: Scheme, *, core: bool, version: str) -> Obj:
    """All groups and all their resources in one document (apidiscovery.k8s.io)."""
    names = [""] if core else groups(scheme)
    items = [
        {
            "metadata": {"name": group} if group else {},
            "versions": [
                {"version": v, "resources": _sorted(scheme, group, v, _aggregated_resource), "freshness": "Current"}
                for v in scheme.versions(group)
            ],
        }
        for group in names
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": items,
    }


def _sorted(scheme: Scheme, group: str, version: str, make: Callable[[Resource], Obj]) -> list[Obj]:
    return [make(resource) for resource in sorted(scheme.in_group(group, version), key=lambda r: r.plural)]


def _aggregated_resource(resource: Resource) -> Obj:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    entry: Obj = {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular or resource.kind.lower(),
        "verbs": sorted(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [_aggregated_subresource(resource, name) for name in _served(resource)]
    return entry


def _aggregated_subresource(resource: Resource, name: str) -> Obj:
    verbs, spoken = _SUBRESOURCES[name]
    group, version, kind = spoken or (resource.group, resource.version, resource.kind)
    response: dict[str, Any] = {"group": group, "version": version, "kind": kind}
    return {"subresource": name, "responseKind": response, "verbs": list(verbs)}
