"""NodePorts: two pods cannot have the same host port on one node."""

from __future__ import annotations

from collections.abc import Iterator

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.scheduler.cache import NodeInfo
from cluster_engine.scheduler.framework import SKIP, ClusterChange, CycleState, Plugin, PreFilterAnswer, Refusal

_REFUSAL = Refusal(("node(s) didn't have free ports for the requested pod ports",))
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - compared, not bound

Port = tuple[str, str, int]


def host_ports(pod: Obj) -> Iterator[Port]:
    """(address, protocol, port) of every host port of a pod."""
    for container in pod["spec"]["containers"]:
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                yield port.get("hostIP") or _EVERY_ADDRESS, port.get("protocol") or "TCP", port["hostPort"]


def _clash(one: Port, other: Port) -> bool:
    return one[1:] == other[1:] and (one[0] == other[0] or _EVERY_ADDRESS in (one[0], other[0]))


class NodePorts(Plugin):
    """Follows pkg/scheduler/framework/plugins/nodeports."""

    name = "NodePorts"
    events = frozenset({"node", "pod-deleted"})

    def pre_filter(self, state: CycleState) -> PreFilterAnswer:
        wanted = list(host_ports(state.pod))
        if not wanted:
            return SKIP
        state.kept[self.name] = wanted
        return None

    def filter(self, state: CycleState, node: NodeInfo) -> Refusal | None:
        wanted = state.kept[self.name]
        taken = [port for pod in node.pods.values() for port in host_ports(pod)]
        return _REFUSAL if any(_clash(one, other) for one in wanted for other in taken) else None

    def may_help(self, pod: Obj, change: ClusterChange) -> bool:
        """A pod that went away helps if it had one of the ports; a node only if it is new."""
        if change.event == "node":
            return change.old is None
        return any(_clash(one, other) for one in host_ports(pod) for other in host_ports(change.obj))
