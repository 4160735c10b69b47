"""A pod's ephemeral containers, which its subresource `ephemeralcontainers` adds to.

Follows podEphemeralContainersStrategy in pkg/registry/core/pod/strategy.go.
"""

from __future__ import annotations

from cluster_engine.api.checks import Errors
from cluster_engine.api.core.pod import PodStrategy
from cluster_engine.api.core.podspec.update import validate_ephemeral_update
from cluster_engine.apimachinery.meta import Obj


class EphemeralContainersStrategy(PodStrategy):
    """The rules of pods, where nothing but the list of ephemeral containers is taken from what is sent."""

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        spec = {field: value for field, value in old["spec"].items() if field != "ephemeralContainers"}
        containers = new["spec"].get("ephemeralContainers")
        if containers:
            spec["ephemeralContainers"] = containers
        meta = {**old["metadata"], "resourceVersion": new["metadata"].get("resourceVersion")}
        return {**old, "metadata": meta, "spec": spec}

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        return validate_ephemeral_update(new, old)
