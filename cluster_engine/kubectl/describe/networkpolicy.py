"""NetworkPolicies. Follows describeNetworkPolicy."""

from __future__ import annotations

from datetime import UTC, datetime

from cluster_engine.apimachinery.labels import format_label_selector
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US
from cluster_engine.kubectl.describe.writer import Writer
from cluster_engine.kubectl.factory import Factory

_INDENT = "    "


def describe(factory: Factory, obj: Obj, writer: Writer) -> None:
    meta, spec = obj["metadata"], obj.get("spec") or {}
    writer.field("Name", meta["name"])
    writer.field("Namespace", meta["namespace"])
    created = datetime.fromtimestamp(parse_time(meta["creationTimestamp"]) // SECOND_US, UTC)
    writer.field("Created on", created.strftime("%Y-%m-%d %H:%M:%S +0000 UTC"))
    writer.labels("Labels", meta.get("labels"))
    writer.annotations("Annotations", meta.get("annotations"))
    writer.line(0, "Spec:")
    selector = spec.get("podSelector") or {}
    everyone = not selector.get("matchLabels") and not selector.get("matchExpressions")
    chosen = (
        "<none> (Allowing the specific traffic to all pods in this namespace)"
        if everyone
        else format_label_selector(selector)
    )
    writer.line(1, f"PodSelector:     {chosen}")
    types = spec.get("policyTypes") or []
    for direction, field, peers, word, where in (
        ("Ingress", "ingress", "from", "From", "source"),
        ("Egress", "egress", "to", "To", "destination"),
    ):
        if direction in types:
            writer.line(1, f"Allowing {field} traffic:")
            _rules(spec.get(field) or [], peers, word, where, field, writer)
        else:
            writer.line(1, f"Not affecting {field} traffic")
    writer.line(1, f"Policy Types: {', '.join(types)}")


def _rules(rules: list[Obj], peers: str, word: str, where: str, field: str, writer: Writer) -> None:
    if not rules:
        writer.line(0, f"{_INDENT}<none> (Selected pods are isolated for {field} connectivity)")
    for index, rule in enumerate(rules):
        if not rule.get("ports"):
            writer.line(0, f"{_INDENT}To Port: <any> (traffic allowed to all ports)")
        for port in rule.get("ports") or ():
            writer.line(0, f"{_INDENT}{_port(port)}")
        if not rule.get(peers):
            writer.line(0, f"{_INDENT}{word}: <any> (traffic not restricted by {where})")
        for peer in rule.get(peers) or ():
            writer.line(0, f"{_INDENT}{word}:")
            _peer(peer, writer)
        if index < len(rules) - 1:
            writer.line(0, f"{_INDENT}----------")


def _port(port: Obj) -> str:
    protocol = port.get("protocol", "TCP")
    if port.get("endPort") is not None:
        return f"To Port Range: {port.get('port')}-{port['endPort']}/{protocol}"
    return f"To Port: {port.get('port', '<nil>')}/{protocol}"


def _peer(peer: Obj, writer: Writer) -> None:
    block = peer.get("ipBlock")
    if block is not None and "podSelector" not in peer and "namespaceSelector" not in peer:
        writer.line(1, f"{_INDENT}IPBlock:")
        writer.line(2, f"{_INDENT}CIDR: {block.get('cidr', '')}")
        writer.line(2, f"{_INDENT}Except: {', '.join(block.get('except') or ())}")
        return
    for title, field in (("NamespaceSelector", "namespaceSelector"), ("PodSelector", "podSelector")):
        if peer.get(field) is not None:
            writer.line(1, f"{_INDENT}{title}: {format_label_selector(peer[field])}")
