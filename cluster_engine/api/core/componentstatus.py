"""ComponentStatuses: how the parts of the control plane are. Nobody writes them.

Follows pkg/registry/core/componentstatus and printComponentStatus (v1.32).
"""

from __future__ import annotations

from typing import Any

from cluster_engine.api.strategy import NAME, Column, Strategy
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource

_WORDS = {"True": "Healthy", "False": "Unhealthy"}


class ComponentStatusStrategy(Strategy):
    """The table of ComponentStatuses."""

    resource = Resource(
        "", "v1", "ComponentStatus", "componentstatuses", namespaced=False, singular="componentstatus",
        short_names=("cs",), verbs=("get", "list"),
    )  # fmt: skip
    columns = (NAME, Column("Status"), Column("Message"), Column("Error"))

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        status, message, error = "Unknown", "", ""
        for condition in obj.get("conditions") or ():
            if condition["type"] == "Healthy":
                status = _WORDS.get(condition["status"], "Unknown")
                message, error = condition.get("message", ""), condition.get("error", "")
        return [obj["metadata"]["name"], status, message, error]
