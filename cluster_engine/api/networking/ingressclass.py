"""IngressClasses. Follows pkg/registry/networking/ingressclass/strategy.go and networking/validation (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.batch.jobspec import domain_prefixed_path
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery import names
from cluster_engine.apimachinery.errors import forbidden_field, required, too_long
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

MAX_CONTROLLER_LENGTH = 250
SCOPES = ("Cluster", "Namespace")
IS_DEFAULT = "ingressclass.kubernetes.io/is-default-class"


class IngressClassStrategy(Strategy):
    """The rules of IngressClasses."""

    resource = Resource(
        "networking.k8s.io", "v1", "IngressClass", "ingressclasses", namespaced=False, singular="ingressclass"
    )
    tracks_generation = True
    columns = (NAME, Column("Controller"), Column("Parameters"), AGE)

    def default(self, obj: Obj) -> Obj:
        spec = obj.get("spec") or {}
        parameters = spec.get("parameters")
        if parameters is None or parameters.get("scope") is not None:
            return obj
        return {**obj, "spec": {**spec, "parameters": {**parameters, "scope": "Cluster"}}}

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def validate(self, obj: Obj) -> Errors:
        spec = obj.get("spec") or {}
        controller, path = spec.get("controller") or "", "spec.controller"
        errors = [too_long(path, MAX_CONTROLLER_LENGTH)] if len(controller) > MAX_CONTROLLER_LENGTH else []
        errors += checks.by_rule(domain_prefixed_path, path, controller) if controller else [required(path)]
        if spec.get("parameters") is not None:
            errors += _parameters("spec.parameters", spec["parameters"])
        return errors

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        after, before = (new.get("spec") or {}).get("controller"), (old.get("spec") or {}).get("controller")
        return checks.immutable("spec.controller", after or "", before or "")

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec = obj.get("spec") or {}
        parameters, shown = spec.get("parameters"), tables.NONE
        if parameters is not None:
            group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") is not None else ""
            shown = f"{parameters.get('kind') or ''}{group}/{parameters.get('name') or ''}"
        return [obj["metadata"]["name"], spec.get("controller") or "", shown, tables.created(obj, now_us)]


def local_reference(path: str, reference: Obj) -> Errors:
    """An object of some kind. Follows validateIngressTypedLocalObjectReference."""
    errors = checks.dns_subdomain(f"{path}.apiGroup", reference["apiGroup"]) if "apiGroup" in reference else []
    for field in ("kind", "name"):
        value = reference.get(field) or ""
        if value:
            errors += checks.by_rule(names.path_segment, f"{path}.{field}", value)
        else:
            errors.append(required(f"{path}.{field}", f"{field} is required"))
    return errors


def _parameters(path: str, parameters: Obj) -> Errors:
    errors = local_reference(path, parameters)
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    faults = checks.optional_enum(f"{path}.scope", scope, SCOPES) if scope is not None else [required(f"{path}.scope")]
    if faults:
        return errors + faults
    if scope == "Namespace":
        if namespace is None:
            errors.append(required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'"))
        else:
            errors += checks.dns_label(f"{path}.namespace", namespace)
    elif namespace is not None:
        errors.append(forbidden_field(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'"))
    return errors
