"""What a Service may say. Follows validation.validateService and ValidateServiceUpdate (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import checks
from cluster_engine.api.checks import Errors
from cluster_engine.apimachinery.errors import duplicate, forbidden_field, invalid_value, required
from cluster_engine.apimachinery.gotext import GoText, string_slice
from cluster_engine.apimachinery.meta import Obj

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_TRAFFIC_POLICIES = ("Cluster", "Local")
_FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_MAX_AFFINITY_SECONDS = 86400


def is_headless(spec: Obj) -> bool:
    return spec.get("clusterIPs") == ["None"] or (not spec.get("clusterIPs") and spec.get("clusterIP") == "None")


def externally_accessible(spec: Obj) -> bool:
    kind = spec.get("type")
    return kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))


def needs_health_check(spec: Obj) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def validate_service_spec(spec: Obj) -> Errors:
    errors = _shape(spec)
    ports = spec.get("ports") or []
    seen: set[str] = set()
    for index, port in enumerate(ports):
        errors += _port(f"spec.ports[{index}]", port, len(ports) > 1, seen)
    errors += checks.labels("spec.selector", spec.get("selector"))
    errors += _affinity(spec)
    errors += _cluster_ips(spec)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        at = f"spec.externalIPs[{index}]"
        errors += checks.ip_address(at, address) or checks.endpoint_ip(at, address)
    errors += checks.enum("spec.type", spec.get("type"), TYPES)
    errors += _unique_ports(spec.get("type") or "", ports)
    return errors + _load_balancer(spec) + _traffic(spec)


def validate_service_update(new: Obj, old: Obj) -> Errors:
    """The faults of a change from one spec to another: an address stays once it is given."""
    if "ExternalName" in (new.get("type"), old.get("type")):
        return []
    errors: Errors = []
    if not (is_headless(new) and is_headless(old)):
        errors += _kept_addresses(new.get("clusterIPs") or [], old.get("clusterIPs") or [])
    if needs_health_check(new) and needs_health_check(old):
        if new.get("healthCheckNodePort") != old.get("healthCheckNodePort"):
            errors.append(forbidden_field("spec.healthCheckNodePort", checks.IMMUTABLE))
    return errors


def _shape(spec: Obj) -> Errors:
    """What the type asks of the rest."""
    kind = spec.get("type")
    errors: Errors = []
    if not spec.get("ports") and not is_headless(spec) and kind != "ExternalName":
        errors.append(required("spec.ports"))
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        errors.append(invalid_value("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services"))
    if kind == "ExternalName":
        for field in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(field):
                errors.append(forbidden_field(f"spec.{field}", "may not be set for ExternalName services"))
        name = (spec.get("externalName") or "").removesuffix(".")
        errors += checks.dns_subdomain("spec.externalName", name) if name else [required("spec.externalName")]
    return errors


def _port(path: str, port: Obj, require_name: bool, seen: set[str]) -> Errors:
    name = port.get("name") or ""
    errors: Errors = []
    if not name:
        if require_name:
            errors.append(required(f"{path}.name"))
    else:
        errors += checks.dns_label(f"{path}.name", name)
        if name in seen:
            errors.append(duplicate(f"{path}.name", name))
        seen.add(name)
    errors += checks.port_number(f"{path}.port", port.get("port") or 0)
    errors += checks.enum(f"{path}.protocol", port.get("protocol"), checks.PROTOCOLS)
    errors += checks.port_number_or_name(f"{path}.targetPort", port.get("targetPort", 0))
    if port.get("appProtocol") is not None:
        errors += checks.qualified_name(f"{path}.appProtocol", port["appProtocol"])
    return errors


def _affinity(spec: Obj) -> Errors:
    affinity, config = spec.get("sessionAffinity"), spec.get("sessionAffinityConfig")
    errors = checks.enum("spec.sessionAffinity", affinity, ("ClientIP", "None"))
    path = "spec.sessionAffinityConfig"
    if affinity == "ClientIP":
        seconds = ((config or {}).get("clientIP") or {}).get("timeoutSeconds") or 0
        if not 0 < seconds <= _MAX_AFFINITY_SECONDS:
            detail = f"must be greater than 0 and less than {_MAX_AFFINITY_SECONDS}"
            errors.append(invalid_value(f"{path}.clientIP.timeoutSeconds", seconds, detail))
    elif affinity == "None" and config is not None:
        errors.append(forbidden_field(path, "must not be set when session affinity is None"))
    return errors


def _cluster_ips(spec: Obj) -> Errors:
    if spec.get("type") == "ExternalName":
        return []
    single, several = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    path, shown = "spec.clusterIPs", string_slice(several)
    errors: Errors = []
    if single and not several:
        errors.append(required(path))
    elif single and several[0] != single:
        errors.append(invalid_value(path, shown, "first value must match `clusterIP`"))
    elif several and not single:
        errors.append(invalid_value(path, shown, "must be empty when `clusterIP` is not specified"))
    families: set[str] = set()
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        errors += checks.enum(f"spec.ipFamilies[{index}]", family, ("IPv4", "IPv6"))
        if family in families:
            errors.append(duplicate(f"spec.ipFamilies[{index}]", family))
        families.add(family)
    errors += checks.optional_enum("spec.ipFamilyPolicy", spec.get("ipFamilyPolicy"), _FAMILY_POLICIES)
    for index, address in enumerate(several):
        if index == 0 and address == "None":
            if len(several) > 1:
                errors.append(invalid_value(path, shown, "'None' must be the first and only value"))
            continue
        errors += checks.ip_address(f"{path}[{index}]", address)
    if len(several) > 2:
        errors.append(invalid_value(path, shown, "may only hold up to 2 values"))
    return errors


def _unique_ports(kind: str, ports: list[Obj]) -> Errors:
    errors: Errors = []
    if kind == "ClusterIP":
        for index, port in enumerate(ports):
            if port.get("nodePort"):
                detail = "may not be used when `type` is 'ClusterIP'"
                errors.append(forbidden_field(f"spec.ports[{index}].nodePort", detail))
    for field in ("nodePort", "port"):
        seen: set[tuple[Any, Any]] = set()
        for index, port in enumerate(ports):
            key = (port.get("protocol"), port.get(field) or 0)
            if key in seen and key[1]:
                at = f"spec.ports[{index}]"
                shown = GoText(
                    f'core.ServicePort{{Name:"", Protocol:"{key[0]}", AppProtocol:(*string)(nil), Port:{key[1]}, '
                    'TargetPort:intstr.IntOrString{Type:0, IntVal:0, StrVal:""}, NodePort:0}'
                )
                errors.append(duplicate(f"{at}.nodePort", key[1]) if field == "nodePort" else duplicate(at, shown))
            seen.add(key)
    return errors


def _load_balancer(spec: Obj) -> Errors:
    is_balancer = spec.get("type") == "LoadBalancer"
    only = "may only be used when `type` is 'LoadBalancer'"
    errors: Errors = []
    if spec.get("loadBalancerSourceRanges"):
        path = "spec.LoadBalancerSourceRanges"
        if not is_balancer:
            errors.append(forbidden_field(path, only))
        for index, value in enumerate(spec["loadBalancerSourceRanges"]):
            errors += checks.cidr(f"{path}[{index}]", value.strip())
    if spec.get("allocateLoadBalancerNodePorts") is not None and not is_balancer:
        errors.append(forbidden_field("spec.allocateLoadBalancerNodePorts", only))
    if spec.get("loadBalancerClass") is not None:
        path = "spec.loadBalancerClass"
        errors += (
            checks.qualified_name(path, spec["loadBalancerClass"]) if is_balancer else [forbidden_field(path, only)]
        )
    return errors


def _traffic(spec: Obj) -> Errors:
    errors: Errors = []
    external = spec.get("externalTrafficPolicy") or ""
    if externally_accessible(spec):
        errors += checks.enum("spec.externalTrafficPolicy", external, _TRAFFIC_POLICIES)
    elif external:
        detail = "may only be set for externally-accessible services"
        errors.append(invalid_value("spec.externalTrafficPolicy", external, detail))
    check_port = spec.get("healthCheckNodePort") or 0
    if check_port and not needs_health_check(spec):
        detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        errors.append(invalid_value("spec.healthCheckNodePort", check_port, detail))
    internal = spec.get("internalTrafficPolicy")
    errors += checks.optional_enum("spec.internalTrafficPolicy", internal, _TRAFFIC_POLICIES)
    distribution = spec.get("trafficDistribution")
    return errors + checks.optional_enum("spec.trafficDistribution", distribution, ("PreferClose",))


def _kept_addresses(new: list[str], old: list[str]) -> Errors:
    """An address stays once it is given. Follows validateUpgradeDowngradeClusterIPs."""
    shown = string_slice(new)
    if len(new) == len(old):
        return [
            invalid_value(f"spec.clusterIPs[{index}]", shown, "may not change once set")
            for index, address in enumerate(old)
            if address != new[index]
        ]
    if old and not new:
        return [invalid_value("spec.clusterIPs[0]", shown, "primary clusterIP can not be unset")]
    if old and new and old[0] != new[0]:
        return [invalid_value("spec.clusterIPs[0]", shown, "may not change once set")]
    return []
