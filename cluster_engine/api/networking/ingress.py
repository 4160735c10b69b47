"""Ingresses. Follows pkg/registry/networking/ingress/strategy.go and networking/validation (v1.32)."""

from __future__ import annotations

import ipaddress
from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.networking.ingressclass import local_reference
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery import names
from cluster_engine.apimachinery.errors import invalid_value, not_supported, required
from cluster_engine.apimachinery.gotext import GoText
from cluster_engine.apimachinery.meta import Obj, annotations_of
from cluster_engine.apimachinery.scheme import Resource

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
SHOWN_HOSTS = 3
_BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_BAD_SUFFIXES = ("/..", "/.")


class IngressStrategy(Strategy):
    """The rules of Ingresses."""

    resource = Resource(
        "networking.k8s.io", "v1", "Ingress", "ingresses", singular="ingress", short_names=("ing",),
        subresources=("status",),
    )  # fmt: skip
    tracks_generation = True
    columns = (NAME, Column("Class"), Column("Hosts"), Column("Address"), Column("Ports"), AGE)

    def prepare_for_create(self, obj: Obj) -> Obj:
        return {**obj, "status": {"loadBalancer": {}}}

    def validate(self, obj: Obj) -> Errors:
        spec = obj.get("spec") or {}
        errors = _validate_spec("spec", spec)
        annotation = annotations_of(obj).get(CLASS_ANNOTATION)
        if annotation is not None and spec.get("ingressClassName") is not None and not _stored(obj):
            detail = "can not be set when the class field is also set"
            errors.append(invalid_value(f"annotations.{CLASS_ANNOTATION}", annotation, detail))
        return errors

    def warnings(self, obj: Obj) -> list[str]:
        if CLASS_ANNOTATION not in annotations_of(obj):
            return []
        return [f"annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead"]

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec = obj.get("spec") or {}
        return [
            obj["metadata"]["name"],
            tables.NONE if spec.get("ingressClassName") is None else spec["ingressClassName"],
            _hosts(spec.get("rules") or []),
            _address((obj.get("status") or {}).get("loadBalancer") or {}),
            "80, 443" if spec.get("tls") else "80",
            tables.created(obj, now_us),
        ]


def _stored(obj: Obj) -> bool:
    return bool(obj["metadata"].get("resourceVersion"))


def _hosts(rules: list[Obj]) -> str:
    """The first three hosts; `*` for all."""
    listed: list[str] = []
    more = False
    for rule in rules:
        if len(listed) == SHOWN_HOSTS:
            more = True
        if not more and rule.get("host"):
            listed.append(rule["host"])
    if not listed:
        return "*"
    return ",".join(listed) + (f" + {len(rules) - SHOWN_HOSTS} more..." if more else "")


def _address(status: Obj) -> str:
    points = {point.get("ip") or point.get("hostname") or "" for point in status.get("ingress") or ()}
    return ",".join(sorted(points - {""}))


def _validate_spec(path: str, spec: Obj) -> Errors:
    rules, backend = spec.get("rules") or [], spec.get("defaultBackend")
    errors: Errors = []
    if not rules and backend is None:
        shown = GoText("[]networking.IngressRule(nil)")
        errors.append(invalid_value(path, shown, "either `defaultBackend` or `rules` must be specified"))
    if backend is not None:
        errors += _backend(f"{path}.defaultBackend", backend)
    for index, rule in enumerate(rules):
        errors += _rule(f"{path}.rules[{index}]", rule)
    for index, tls in enumerate(spec.get("tls") or ()):
        at = f"{path}.tls[{index}]"
        for position, host in enumerate(tls.get("hosts") or ()):
            errors += _host(f"{at}.hosts[{position}]", host)
        if tls.get("secretName"):
            errors += checks.dns_subdomain(f"{at}.secretName", tls["secretName"])
    if spec.get("ingressClassName") is not None:
        errors += checks.dns_subdomain(f"{path}.ingressClassName", spec["ingressClassName"])
    return errors


def _host(path: str, host: str) -> Errors:
    return checks.by_rule(names.wildcard_subdomain if "*" in host else names.dns1123_subdomain, path, host)


def _rule(path: str, rule: Obj) -> Errors:
    errors: Errors = []
    host = rule.get("host")
    if host:
        if _is_ip(host):
            errors.append(invalid_value(f"{path}.host", host, "must be a DNS name, not an IP address"))
        errors += _host(f"{path}.host", host)
    http = rule.get("http")
    if http is None:
        return errors
    paths = http.get("paths") or []
    if not paths:
        errors.append(required(f"{path}.http.paths"))
    for index, item in enumerate(paths):
        errors += _path(f"{path}.http.paths[{index}]", item)
    return errors


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _path(path: str, item: Obj) -> Errors:
    kind, url = item.get("pathType"), item.get("path") or ""
    if kind is None:
        return [required(f"{path}.pathType", "pathType must be specified")]
    errors: Errors = []
    relative = invalid_value(f"{path}.path", url, "must be an absolute path")
    if kind in ("Exact", "Prefix"):
        if not url.startswith("/"):
            errors.append(relative)
        for sequence in _BAD_SEQUENCES:
            if sequence in url:
                errors.append(invalid_value(f"{path}.path", url, f"must not contain '{sequence}'"))
        for suffix in _BAD_SUFFIXES:
            if url.endswith(suffix):
                errors.append(invalid_value(f"{path}.path", url, f"cannot end with '{suffix}'"))
    elif kind == "ImplementationSpecific":
        if url and not url.startswith("/"):
            errors.append(relative)
    else:
        errors.append(not_supported(f"{path}.pathType", kind, PATH_TYPES))
    return errors + _backend(f"{path}.backend", item.get("backend") or {})


def _backend(path: str, backend: Obj) -> Errors:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        return [invalid_value(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return local_reference(f"{path}.resource", resource)
    if service is None:
        return [invalid_value(path, "", "resource or service backend is required")]
    at, name, port = f"{path}.service", service.get("name") or "", service.get("port") or {}
    errors = checks.by_rule(names.dns1035_label, f"{at}.name", name) if name else [required(f"{at}.name")]
    port_name, number = port.get("name") or "", port.get("number") or 0
    if port_name and number:
        errors.append(invalid_value(path, "", "cannot set both port name & port number"))
    elif port_name:
        errors += checks.by_rule(names.port_name, f"{at}.port.name", port_name)
    elif number:
        errors += checks.port_number(f"{at}.port.number", number)
    else:
        errors.append(required(path, "port name or number is required"))
    return errors
