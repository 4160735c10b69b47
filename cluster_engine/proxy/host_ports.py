"""Host ports: a port of a node that leads to a pod on it. Follows the portmap plugin of CNI."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.client.informer import Informer, InformerFactory
from cluster_engine.containers.network.fabric import Route, Transport

_EVERY_ADDRESS = ("", "0.0.0.0")  # noqa: S104 - compared, not bound
BY_HOST_PORT = "host port"


class HostPorts:
    """The host ports of all nodes; pods are looked at only when somebody asks for a node's address."""

    def __init__(self, informers: InformerFactory) -> None:
        self._informers = informers

    @cached_property
    def _pods(self) -> Informer:
        informer = self._informers.get("pods")
        informer.add_index(BY_HOST_PORT, lambda pod: [f"{node}:{port}" for node, port, _ in _mapped(pod)])
        return informer

    def route(self, node: str, ip: str, port: int, transport: Transport) -> Route | None:
        """Where a connection to an address of a node goes by a host port; None where no pod has that port."""
        for pod in self._pods.by_index(BY_HOST_PORT, f"{node}:{port}"):
            for _, number, found in _mapped(pod):
                protocol, address = found.get("protocol") or "TCP", found.get("hostIP") or ""
                if number == port and protocol == transport and address in (*_EVERY_ADDRESS, ip):
                    return Route("direct", pod["status"]["podIP"], found["containerPort"])
        return None


def _mapped(pod: Obj) -> Iterator[tuple[str, int, Obj]]:
    """(node, host port, the container's port) of a pod with an address of its own; one on its node's network listens
    there itself.
    """
    spec, status = pod["spec"], pod.get("status") or {}
    if spec.get("hostNetwork") or not status.get("podIP") or status.get("phase") in ("Succeeded", "Failed"):
        return
    for container in spec["containers"]:
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                yield spec.get("nodeName") or "", port["hostPort"], port
