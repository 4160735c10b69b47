"""Bindings: a pod and the node that it shall run on. They are posted and never kept."""

from __future__ import annotations

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery.scheme import Resource


class BindingStrategy(Strategy):
    """What a scheduler may post beside a pod's own `binding`."""

    resource = Resource("", "v1", "Binding", "bindings", singular="binding", verbs=("create",))
