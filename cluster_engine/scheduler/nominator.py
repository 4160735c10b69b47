"""Pods that wait on a node for which they have pushed others out: who, and where.

Follows pkg/scheduler/backend/queue/nominator.go. The truth is `status.nominatedNodeName`; this is its index by node.
"""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, key_of


class Nominator:
    """The nominated pods of each node."""

    def __init__(self) -> None:
        self._by_node: dict[str, dict[str, Obj]] = {}
        self._node_of: dict[str, str] = {}

    @property
    def anybody(self) -> bool:
        """Whether any pod is nominated for any node."""
        return bool(self._node_of)

    def update(self, pod: Obj) -> str | None:
        """Takes note of a pod without a node; returns the node for which it is nominated no longer, if there is one."""
        node = (pod.get("status") or {}).get("nominatedNodeName")
        if not node and not self._node_of:
            return None
        key = key_of(pod)
        before = self._node_of.get(key)
        if before is not None and before != node:
            self.remove(key)
        if node:
            self._by_node.setdefault(node, {})[key] = pod
            self._node_of[key] = node
        return before if before != node else None

    def remove(self, key: str) -> str | None:
        """Forgets a pod that is gone, or has a node; returns the node for which it was nominated."""
        node = self._node_of.pop(key, None)
        if node is not None:
            pods = self._by_node[node]
            del pods[key]
            if not pods:
                del self._by_node[node]
        return node

    def pods_for(self, node: str) -> list[Obj]:
        """The pods that are nominated for a node."""
        return list(self._by_node.get(node, {}).values())
