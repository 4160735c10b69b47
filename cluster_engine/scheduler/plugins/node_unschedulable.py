"""NodeUnschedulable: a cordoned node takes no new pods."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import ClusterChange, CycleState, Plugin, Refusal

_KEY = "node.kubernetes.io/unschedulable"
_REFUSAL = Refusal(("node(s) were unschedulable",), resolvable=False)


class NodeUnschedulable(Plugin):
    """Follows pkg/scheduler/framework/plugins/nodeunschedulable."""

    name = "NodeUnschedulable"
    events = frozenset({"node"})

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        if not node.unschedulable:
            return None
        for toleration in state.pod["spec"].get("tolerations") or ():
            # As if the node had the taint of that key, with no value and the effect NoSchedule.
            fits_key = toleration.get("key", "") in ("", _KEY)
            fits_effect = toleration.get("effect", "") in ("", "NoSchedule")
            fits_value = toleration.get("operator") == "Exists" or (
                toleration.get("key") and not toleration.get("value")
            )
            if fits_key and fits_effect and fits_value:
                return None
        return _REFUSAL

    def may_help(self, pod: Obj, change: ClusterChange) -> bool:
        """A node helps when it is new and open, or has been opened."""
        old = change.old
        is_open = not change.obj["spec"].get("unschedulable")
        return is_open and (old is None or bool(old["spec"].get("unschedulable")))
