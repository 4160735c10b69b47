"""The ports of the machine that the terminals of one sandbox stand on: `kubectl port-forward` listens there.

The host gives every session of a sandbox the same `LocalPorts`, and is told when the ports change. A browser tab, or
`curl localhost:8080` in another terminal, connects here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cluster_engine.apiserver.streams import PortConnection

MAX_PORTS = 50
FIRST_FREE_PORT = 40000
_END_OF_PORTS = 65536


@dataclass(frozen=True, slots=True)
class Forwarding:
    """A local port that leads to a pod's. `connect` opens a connection; its `error` says where there is none."""

    local_port: int
    namespace: str
    pod: str
    pod_port: int
    connect: Callable[[], PortConnection]


class LocalPorts:
    """What is listened to, by port."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self._forwardings: dict[int, Forwarding] = {}
        self._on_change = on_change

    @property
    def forwardings(self) -> list[Forwarding]:
        """All that there are, by port."""
        return [self._forwardings[port] for port in sorted(self._forwardings)]

    def find(self, port: int) -> Forwarding | None:
        return self._forwardings.get(port)

    def free_port(self) -> int:
        """A port that nobody listens to."""
        return next(port for port in range(FIRST_FREE_PORT, _END_OF_PORTS) if port not in self._forwardings)

    def listen(self, forwarding: Forwarding) -> None:
        """Raises OSError for a port that is in use, and for too many."""
        if forwarding.local_port in self._forwardings:
            raise OSError("address already in use")
        if len(self._forwardings) >= MAX_PORTS:
            raise OSError("too many open files")
        self._forwardings[forwarding.local_port] = forwarding
        self._on_change()

    def close(self, port: int) -> None:
        """Ends the listening; a port that nobody listens to stays as it is."""
        if self._forwardings.pop(port, None) is not None:
            self._on_change()
