"""ImageLocality: a node that has a pod's images already is liked better."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import MAX_NODE_SCORE, CycleState, Plugin, Scores

_MEGABYTE = 1024 * 1024
# Less does not count, and more than this for each container counts no more.
MIN_THRESHOLD = 23 * _MEGABYTE
MAX_CONTAINER_THRESHOLD = 1000 * _MEGABYTE


class ImageLocality(Plugin):
    """Follows pkg/scheduler/framework/plugins/imagelocality.

    An image counts the less, the fewer nodes have it, so that not all pods go to the one that has pulled it first.
    """

    name = "ImageLocality"
    weight = 1

    def scores(self, state: CycleState, nodes: Sequence[NodeInfo]) -> Scores | None:
        cache = self.handle.cache
        if not cache.images:
            return None
        spec = state.pod["spec"]
        containers = [*(spec.get("initContainers") or ()), *spec["containers"]]
        wanted = [image for image in (_normalised(c.get("image") or "") for c in containers) if image in cache.images]
        if not wanted:
            return None
        total = len(cache)
        highest = MAX_CONTAINER_THRESHOLD * len(containers)
        found = {}
        for node in nodes:
            here = (image for image in wanted if image in node.images)
            size = sum(int(node.images[image] * (cache.images[image] / total)) for image in here)
            size = min(max(size, MIN_THRESHOLD), highest)
            found[node.name] = MAX_NODE_SCORE * (size - MIN_THRESHOLD) // (highest - MIN_THRESHOLD)
        return found


def _normalised(image: str) -> str:
    """With the tag `latest` where it has none."""
    return image if image.rfind(":") > image.rfind("/") else f"{image}:latest"
