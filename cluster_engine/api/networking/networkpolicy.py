"""NetworkPolicies. Follows pkg/registry/networking/networkpolicy/strategy.go and networking/validation (v1.32)."""

from __future__ import annotations

import ipaddress
from typing import Any

from cluster_engine.api import checks, tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.shown import slice_of
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import forbidden_field, invalid_value, not_supported, required
from cluster_engine.apimachinery.labels import format_label_selector
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

POLICY_TYPES = ("Ingress", "Egress")
_PROTOCOLS = ("TCP", "UDP", "SCTP")
# (the direction, where its peers stand)
_RULES = (("ingress", "from"), ("egress", "to"))


class NetworkPolicyStrategy(Strategy):
    """The rules of NetworkPolicies."""

    resource = Resource(
        "networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", singular="networkpolicy", short_names=("netpol",)
    )
    tracks_generation = True
    columns = (NAME, Column("Pod-Selector"), AGE)

    def default(self, obj: Obj) -> Obj:
        spec = obj.get("spec") or {}
        changes: Obj = {}
        if not spec.get("policyTypes"):
            changes["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
        if spec.get("podSelector") is None:
            changes["podSelector"] = {}
        for field, _ in _RULES:
            rules = spec.get(field) or []
            new = [_default_rule(rule) for rule in rules]
            if any(after is not before for after, before in zip(new, rules, strict=True)):
                changes[field] = new
        return {**obj, "spec": {**spec, **changes}} if changes else obj

    def validate(self, obj: Obj) -> Errors:
        spec = obj["spec"]
        errors = checks.label_selector("spec.podSelector", spec.get("podSelector"))
        for direction, peers in _RULES:
            for index, rule in enumerate(spec.get(direction) or ()):
                path = f"spec.{direction}[{index}]"
                for position, port in enumerate(rule.get("ports") or ()):
                    errors += _port(f"{path}.ports[{position}]", port)
                for position, peer in enumerate(rule.get(peers) or ()):
                    errors += _peer(f"{path}.{peers}[{position}]", peer)
        types = spec.get("policyTypes") or []
        if len(types) > len(POLICY_TYPES):
            shown = slice_of("networking.PolicyType", types)
            return [*errors, invalid_value("spec.policyTypes", shown, "may not specify more than two policyTypes")]
        for index, name in enumerate(types):
            errors += checks.optional_enum(f"spec.policyTypes[{index}]", name, POLICY_TYPES)
        return errors

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        selector = format_label_selector((obj.get("spec") or {}).get("podSelector") or {})
        return [obj["metadata"]["name"], selector, tables.created(obj, now_us)]


def _default_rule(rule: Obj) -> Obj:
    ports = rule.get("ports") or []
    new = [port if port.get("protocol") else {**port, "protocol": "TCP"} for port in ports]
    return rule if all(a is b for a, b in zip(new, ports, strict=True)) else {**rule, "ports": new}


def _port(path: str, port: Obj) -> Errors:
    errors: Errors = []
    protocol, number, end = port.get("protocol"), port.get("port"), port.get("endPort")
    if protocol is not None and protocol not in _PROTOCOLS:
        errors.append(not_supported(f"{path}.protocol", protocol, _PROTOCOLS))
    if number is None:
        if end is not None:
            errors.append(invalid_value(f"{path}.endPort", end, "may not be specified when `port` is not specified"))
    elif isinstance(number, int):
        errors += checks.port_number(f"{path}.port", number)
        if end is not None:
            if end < number:
                errors.append(invalid_value(f"{path}.endPort", number, "must be greater than or equal to `port`"))
            errors += checks.port_number(f"{path}.endPort", end)
    else:
        if end is not None:
            errors.append(invalid_value(f"{path}.endPort", end, "may not be specified when `port` is non-numeric"))
        errors += checks.port_number_or_name(f"{path}.port", number)
    return errors


def _peer(path: str, peer: Obj) -> Errors:
    errors: Errors = []
    present = [field for field in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(field) is not None]
    for field in present:
        if field == "ipBlock":
            errors += _ip_block(f"{path}.ipBlock", peer["ipBlock"])
        else:
            errors += checks.label_selector(f"{path}.{field}", peer[field])
    if not present:
        errors.append(required(path, "must specify a peer"))
    elif len(present) > 1 and "ipBlock" in present:
        errors.append(forbidden_field(path, "may not specify both ipBlock and another peer"))
    return errors


def _ip_block(path: str, block: Obj) -> Errors:
    if not block.get("cidr"):
        return [required(f"{path}.cidr")]
    errors = checks.cidr(f"{path}.cidr", block["cidr"])
    if errors:
        return errors
    whole = ipaddress.ip_network(block["cidr"], strict=False)
    for index, text in enumerate(block.get("except") or ()):
        at = f"{path}.except[{index}]"
        faults = checks.cidr(at, text)
        if not faults:
            part = ipaddress.ip_network(text, strict=False)
            inside = part.version == whole.version and part.network_address in whole
            if not inside or whole.prefixlen >= part.prefixlen:
                faults = [invalid_value(at, text, "must be a strict subset of `cidr`")]
        errors += faults
    return errors
