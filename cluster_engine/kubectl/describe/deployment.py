"""Deployments. Follows describeDeployment."""

from __future__ import annotations

from cluster_engine.apimachinery.labels import selector_text
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.describe import pod_template
from cluster_engine.kubectl.describe.writer import Writer, rfc1123
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.rollout import history_of


def describe(factory: Factory, obj: Obj, writer: Writer) -> None:
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    writer.field("Name", meta["name"])
    writer.field("Namespace", meta["namespace"])
    writer.field("CreationTimestamp", rfc1123(meta.get("creationTimestamp")))
    writer.labels("Labels", meta.get("labels"))
    writer.annotations("Annotations", meta.get("annotations"))
    writer.field("Selector", selector_text(spec["selector"]))
    writer.field(
        "Replicas",
        (
            f"{spec.get('replicas', 1)} desired | {status.get('updatedReplicas', 0)} updated | "
            f"{status.get('replicas', 0)} total | "
            f"{status.get('availableReplicas', 0)} available | {status.get('unavailableReplicas', 0)} unavailable"
        ),
    )
    strategy = spec.get("strategy") or {}
    writer.field("StrategyType", strategy.get("type", ""))
    writer.field("MinReadySeconds", spec.get("minReadySeconds", 0))
    rolling = strategy.get("rollingUpdate")
    if rolling:
        writer.field(
            "RollingUpdateStrategy",
            f"{rolling.get('maxUnavailable')} max unavailable, {rolling.get('maxSurge')} max surge",
        )
    pod_template.describe(spec["template"], writer)
    writer.conditions(status.get("conditions"))
    old, new = _replica_sets(factory, obj)
    if old or new:
        writer.field("OldReplicaSets", _listed(old))
        writer.field("NewReplicaSet", _listed(new))


def _replica_sets(factory: Factory, deployment: Obj) -> tuple[list[Obj], list[Obj]]:
    """(those of earlier templates, the one of the present template), the oldest first."""
    found = history_of.replica_sets(factory, deployment)
    found.sort(key=lambda rs: (rs["metadata"].get("creationTimestamp", ""), rs["metadata"]["name"]))
    template = deployment["spec"]["template"]
    new = next((rs for rs in found if history_of.same_template(rs["spec"]["template"], template)), None)
    return [rs for rs in found if rs is not new], [new] if new is not None else []


def _listed(sets: list[Obj]) -> str:
    return (
        ", ".join(
            f"{rs['metadata']['name']} "
            f"({(rs.get('status') or {}).get('replicas', 0)}/{rs['spec'].get('replicas', 1)} replicas created)"
            for rs in sets
        )
        or "<none>"
    )
