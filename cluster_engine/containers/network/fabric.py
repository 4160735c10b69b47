"""Who listens where, and how a connection gets there."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from cluster_engine.containers.pipe import Pipe
from cluster_engine.containers.runner import Waitable

if TYPE_CHECKING:
    from cluster_engine.containers.pod import PodWorld
    from cluster_engine.containers.process import Process

Transport = Literal["TCP", "UDP"]
MAX_CONNECTIONS = 512
FIRST_EPHEMERAL_PORT = 32768
_LOOPBACK = ("127.", "::1", "localhost")


class ConnectFault(Exception):
    """Why there is no connection: "refused" at once, "unreachable" after some seconds, or "timeout" never."""

    def __init__(self, kind: Literal["refused", "unreachable", "timeout"]) -> None:
        super().__init__(kind)
        self.kind = kind


class Handler(Protocol):
    """The server's end of one connection."""

    def received(self, data: bytes) -> None: ...

    def ended(self) -> None:
        """The client will send no more."""


class Connection:
    """One connection. The client reads `incoming` and calls `send` and `finish`; the server writes and closes."""

    def __init__(self, source: Namespace, target: Namespace, ip: str, port: int) -> None:
        self.source = source
        self.target = target
        # As the server sees it.
        self.peer_ip = source.ip if target is not source else "127.0.0.1"
        self.peer_port = source.ephemeral_port()
        self.ip, self.port = ip, port
        self.incoming = Pipe()
        self.handler: Handler | None = None
        self.finished = False
        # Told to whoever relays the connection.
        self.encrypted = False

    # The client's side.

    def send(self, data: bytes) -> None:
        if self.handler is not None and not self.finished and not self.incoming.closed:
            self._bring_up_to_date()
            self.handler.received(data)

    def finish(self) -> None:
        """The client sends no more, or has gone."""
        if self.handler is not None and not self.finished:
            self.finished = True
            self.handler.ended()
            self.target.connections.discard(self)

    def _bring_up_to_date(self) -> None:
        pod, source = self.target.pod, self.source.pod
        if pod is not None and source is not None and pod is not source:
            pod.advance(source.now_us)

    # The server's side.

    @property
    def now_us(self) -> int:
        for namespace in (self.target, self.source):
            if namespace.pod is not None:
                return namespace.pod.now_us
        return 0

    def _bring_client_up_to_date(self) -> None:
        # Or it would take what comes later for the past.
        pod, source = self.target.pod, self.source.pod
        if pod is not None and source is not None and pod is not source:
            source.advance(pod.now_us)

    def write(self, data: bytes) -> None:
        self._bring_client_up_to_date()
        self.incoming.write(data)

    def close(self) -> None:
        self._bring_client_up_to_date()
        self.incoming.close()
        self.target.connections.discard(self)

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        """The server does something after `seconds`."""
        pod = self.target.pod
        if pod is None:
            callback()
        else:
            pod.runner.call_at(pod.now_us + round(seconds * 1_000_000), callback)


Accept = Callable[[Connection], Handler]


@dataclass(slots=True)
class Listener:
    """A port that is listened at, by a process or by the node itself."""

    accept: Accept
    process: Process | None = None


class Namespace:
    """A network namespace: that of a pod, or of a node and the pods on its network."""

    def __init__(self, ip: str, node_ip: str, pod: PodWorld | None = None) -> None:
        self.ip = ip
        self.node_ip = node_ip
        self.pod = pod
        self.listeners: dict[tuple[Transport, int], Listener] = {}
        self.connections: set[Connection] = set()
        self._next_port = FIRST_EPHEMERAL_PORT

    def ephemeral_port(self) -> int:
        self._next_port += 2
        if self._next_port > 60_999:
            self._next_port = FIRST_EPHEMERAL_PORT
        return self._next_port

    def listen(self, port: int, accept: Accept, process: Process | None = None, transport: Transport = "TCP") -> None:
        """Listens at a port until the process ends. OSError where somebody else does."""
        if (transport, port) in self.listeners:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        self.listeners[transport, port] = Listener(accept, process)
        if process is not None:
            process.on_end.append(self.close)
            process.pod.touch()

    def close(self, process: Process) -> None:
        """Ends whatever a process listened at."""
        gone = [key for key, listener in self.listeners.items() if listener.process is process]
        for key in gone:
            del self.listeners[key]
            for connection in [c for c in self.connections if c.port == key[1]]:
                connection.close()
        if gone:
            process.pod.touch()

    def hand_over(self, process: Process) -> None:
        """What a process listened at goes on after its end, as that of a daemon which it has started."""
        main = process.container.main
        for listener in self.listeners.values():
            if listener.process is process and main is not None:
                listener.process = main
        if main is not None:
            main.on_end.append(self.close)

    def accept(self, connection: Connection, transport: Transport = "TCP") -> None:
        """Joins the server to a connection. `ConnectFault` where nobody listens."""
        listener = self.listeners.get((transport, connection.port))
        if listener is None or len(self.connections) >= MAX_CONNECTIONS:
            raise ConnectFault("refused")
        self.connections.add(connection)
        connection.handler = listener.accept(connection)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a packet to an address goes: there, elsewhere, or nowhere."""

    kind: Literal["direct", "reject", "drop"]
    ip: str = ""
    port: int = 0


@dataclass(frozen=True, slots=True)
class Packets:
    """What network policies are asked about: who speaks with whom, where, and whether both are of one node."""

    source_ip: str
    target_ip: str
    port: int
    transport: str
    same_node: bool = False


class Rules(Protocol):
    """kube-proxy's rules, and what else stands between a source and an address."""

    def route(self, source_ip: str, node_ip: str, ip: str, port: int, transport: Transport) -> Route: ...

    def joined(self, node_ip: str, other_node_ip: str) -> bool:
        """Whether packets get from one node to the other."""

    def allow(self, packets: Packets) -> bool:
        """Whether network policies let them through."""


class Names(Protocol):
    """The cluster's DNS server, as it is reached from a node."""

    def answer(self, node_ip: str, name: str, kind: str) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Record:
    """One DNS record; `value` as in a zone file (an SRV's is `priority weight port target`)."""

    name: str
    kind: str
    value: str
    ttl: int = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """What a DNS server says. `status` "TIMEOUT" means that none did."""

    status: Literal["NOERROR", "NXDOMAIN", "SERVFAIL", "TIMEOUT"]
    records: tuple[Record, ...] = ()


class Fabric(Waitable):
    """The network of one cluster. `find` gives the namespace of an address, making the pod's world where needed."""

    def __init__(self, find: Callable[[str], Namespace | None], rules: Rules, names: Names) -> None:
        super().__init__()
        self._find = find
        self.rules = rules
        self.names = names

    @property
    def ready(self) -> bool:
        return False

    def answers_ping(self, source: Namespace, ip: str) -> bool:
        """Whether somebody has that address. A Service's is only a rule for its ports."""
        found = self._find(ip)
        if found is None:
            return False
        same_node = found.node_ip == source.node_ip
        if not same_node and not self.rules.joined(source.node_ip, found.node_ip):
            return False
        return self.rules.allow(Packets(source.ip, ip, 0, "ICMP", same_node))

    def reaches_names(self, source: Namespace, server: str) -> bool:
        """Whether network policies let questions to a name server through."""
        return self.rules.allow(Packets(source.ip, server, 53, "UDP"))

    def connect(self, source: Namespace, ip: str, port: int, transport: Transport = "TCP") -> Connection:
        """A connection to an address. Raises `ConnectFault`."""
        if ip.startswith(_LOOPBACK) or ip == source.ip or ip == "0.0.0.0":  # noqa: S104 - an address to connect to
            target, at_ip, at_port = source, ip, port
        else:
            if source.pod is not None:
                source.pod.remote_calls += 1
            route = self.rules.route(source.ip, source.node_ip, ip, port, transport)
            if route.kind != "direct":
                raise ConnectFault("refused" if route.kind == "reject" else "timeout")
            at_ip, at_port = route.ip or ip, route.port or port
            found = source if at_ip == source.ip else self._find(at_ip)
            if found is None:
                raise ConnectFault("unreachable" if at_ip.startswith("10.244.") else "timeout")
            target = found
            same_node = target.node_ip == source.node_ip
            if not same_node and not self.rules.joined(source.node_ip, target.node_ip):
                raise ConnectFault("timeout")
            if target is not source and not self.rules.allow(Packets(source.ip, at_ip, at_port, transport, same_node)):
                raise ConnectFault("timeout")
        if target.pod is not None and source.pod is not None and target.pod is not source.pod:
            target.pod.advance(source.pod.now_us)
        connection = Connection(source, target, at_ip, at_port)
        target.accept(connection, transport)
        return connection
