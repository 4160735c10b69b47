"""The tables of Kubernetes v1.12, for clients that show what the server prints.

kubectl prints the columns and cells that it gets, so a server can give `kubectl get` the look of that version. All
other words are kubectl's own. Follows pkg/printers/internalversion/printers.go (v1.12).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_engine.api import tables
from cluster_engine.api.apps.deployment import DeploymentStrategy
from cluster_engine.api.apps.statefulset import StatefulSetStrategy
from cluster_engine.api.core.pod import PodStrategy
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.labels import format_label_selector
from cluster_engine.apimachinery.meta import Obj

_STATUS, _RESTARTS = 2, 3


class _Deployments(DeploymentStrategy):
    columns = (
        NAME,
        Column("Desired"),
        Column("Current"),
        Column("Up-to-date"),
        Column("Available"),
        AGE,
        *tables.WIDE_CONTAINERS,
        tables.WIDE_SELECTOR,
    )

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        return [
            obj["metadata"]["name"],
            spec.get("replicas", 0),
            status.get("replicas") or 0,
            status.get("updatedReplicas") or 0,
            status.get("availableReplicas") or 0,
            tables.created(obj, now_us),
            *tables.containers_and_images(obj),
            format_label_selector(spec.get("selector")),
        ]


class _StatefulSets(StatefulSetStrategy):
    columns = (NAME, Column("Desired"), Column("Current"), AGE, *tables.WIDE_CONTAINERS)

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return [
            obj["metadata"]["name"],
            (obj.get("spec") or {}).get("replicas", 0),
            (obj.get("status") or {}).get("replicas") or 0,
            tables.created(obj, now_us),
            *tables.containers_and_images(obj),
        ]


class _Pods(PodStrategy):
    columns = PodStrategy.columns[:-1]

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        cells = super().cells(obj, now_us)[:-1]
        # `2 (5m ago)` was `2`, and a pod that is being deleted was Terminating to its end.
        cells[_RESTARTS] = cells[_RESTARTS].partition(" (")[0]
        if obj["metadata"].get("deletionTimestamp") and cells[_STATUS] != "Unknown":
            cells[_STATUS] = "Terminating"
        return cells


def with_document_look(strategies: Mapping[str, Strategy]) -> dict[str, Strategy]:
    """The same strategies, with the tables of v1.12 where they were others."""
    old: tuple[Strategy, ...] = (_Deployments(), _StatefulSets(), _Pods())
    return {**strategies, **{strategy.resource.group_resource: strategy for strategy in old}}
