"""`ip`, `ifconfig`, `route`, `netstat`, `ping`, `nc`, `telnet`: the network as a container sees it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from cluster_engine.containers.network.client import Timeout, connect
from cluster_engine.containers.network.fabric import ConnectFault, Connection
from cluster_engine.containers.network.resolver import addresses_of
from cluster_engine.containers.pipe import Pipe
from cluster_engine.containers.programs.options import UsageFault, arguments, checked, number, parse, plain
from cluster_engine.containers.programs.system import seconds_of
from cluster_engine.containers.runner import Program, Wait

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

# How long a resolver tries a server that does not answer.
DNS_SECONDS = 10.0
WORDS = {"refused": "Connection refused", "timeout": "Connection timed out", "unreachable": "No route to host"}


class BadAddress(Exception):
    """A host name that has no address. `status` is the DNS server's."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


def resolve(process: Process, host: str) -> Generator[Wait, None, str]:
    """One address of a host. Raises `BadAddress`, after the time that it takes."""
    found, status = addresses_of(process.container, host)
    if status == "TIMEOUT":
        yield process.sleep(DNS_SECONDS)
    if not found:
        raise BadAddress(status)
    return found[process.pod.rng.choice_index(len(found))] if len(found) > 1 else found[0]


def hardware_address(ip: str) -> str:
    """A made-up hardware address that goes with an address."""
    return "02:42:" + ":".join(f"{int(part):02x}" for part in ip.split("."))


@plain
def ip(process: Process) -> int:
    words = [word for word in arguments(process) if not word.startswith("-")]
    address = process.pod.network.ip
    gateway = address.rsplit(".", 1)[0] + ".1"
    what = words[0] if words else ""
    if what in ("route", "r", "ro"):
        process.out(
            f"default via {gateway} dev eth0 \n{gateway.rsplit('.', 1)[0]}.0/24 dev eth0 scope link  src {address} \n"
        )
        return 0
    if what in ("addr", "address", "a", "link", "l"):
        shows_addresses = what[0] == "a"
        process.out(
            "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000\n"
            "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
        )
        if shows_addresses:
            process.out("    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n")
        process.out(
            "2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu 1450 qdisc noqueue \n"
            f"    link/ether {hardware_address(address)} brd ff:ff:ff:ff:ff:ff\n"
        )
        if shows_addresses:
            broadcast = address.rsplit(".", 1)[0] + ".255"
            process.out(f"    inet {address}/24 brd {broadcast} scope global eth0\n")
            process.out("       valid_lft forever preferred_lft forever\n")
        return 0
    process.err("Usage: ip [OPTIONS] address|route|link|neigh|rule [ARGS]\n")
    return 1


@plain
def ifconfig(process: Process) -> int:
    address = process.pod.network.ip
    broadcast = address.rsplit(".", 1)[0] + ".255"
    process.out(
        f"eth0      Link encap:Ethernet  HWaddr {hardware_address(address).upper()}  \n"
        f"          inet addr:{address}  Bcast:{broadcast}  Mask:255.255.255.0\n"
        "          UP BROADCAST RUNNING MULTICAST  MTU:1450  Metric:1\n\n"
        "lo        Link encap:Local Loopback  \n          inet addr:127.0.0.1  Mask:255.0.0.0\n"
        "          UP LOOPBACK RUNNING  MTU:65536  Metric:1\n\n"
    )
    return 0


@plain
def route(process: Process) -> int:
    network = process.pod.network.ip.rsplit(".", 1)[0]
    process.out(
        "Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n"
    )
    process.out(f"{'default':<15} {network + '.1':<15} {'0.0.0.0':<15} UG    0      0        0 eth0\n")  # noqa: S104 - what netstat prints
    process.out(f"{network + '.0':<15} {'*':<15} {'255.255.255.0':<15} U     0      0        0 eth0\n")
    return 0


@plain
def netstat(process: Process) -> int:
    process.out("Active Internet connections (only servers)\n")
    process.out(
        "Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name    \n"
    )
    for (transport, port), listener in sorted(process.pod.network.listeners.items()):
        owner = listener.process
        shown = f"{owner.pid}/{owner.name}" if owner is not None and owner.container is process.container else "-"
        state = "LISTEN" if transport == "TCP" else ""
        process.out(
            f"{transport.lower():<5} {0:>6} {0:>6} {f'0.0.0.0:{port}':<23} {'0.0.0.0:*':<23} {state:<11} {shown}\n"
        )
    return 0


@checked
def ping(process: Process) -> Program:
    options, hosts = parse(arguments(process), "q46nv", "cWwisI")
    if not hosts:
        raise UsageFault("usage: ping [OPTIONS] HOST")
    try:
        address = yield from resolve(process, hosts[0])
    except BadAddress:
        process.err(f"ping: bad address '{hosts[0]}'\n")
        return 1
    count = number(options["c"]) if "c" in options else None
    process.lazy = process.lazy or count is None
    process.out(f"PING {hosts[0]} ({address}): 56 data bytes\n")
    answers = _answers_ping(process, address)
    sent = received = 0
    while (count is None or sent < count) and not process.stdout.broken:
        if answers:
            process.out(f"64 bytes from {address}: seq={sent} ttl=63 time=0.{80 + sent % 40:03d} ms\n")
            received += 1
        sent += 1
        if count is None or sent < count:
            yield process.sleep(seconds_of([options.get("i", "1")]) or 1.0)
    if not answers:
        yield process.sleep(seconds_of([options.get("W", "10")]) or 10.0)
    lost = 100 - received * 100 // max(sent, 1)
    process.out(f"\n--- {hosts[0]} ping statistics ---\n")
    process.out(f"{sent} packets transmitted, {received} packets received, {lost}% packet loss\n")
    if received:
        process.out("round-trip min/avg/max = 0.080/0.092/0.119 ms\n")
    return int(not received)


def _answers_ping(process: Process, address: str) -> bool:
    """Pods and nodes answer; a Service's address is only a rule for its ports, so nobody is there."""
    own = process.pod.network
    return address in ("127.0.0.1", own.ip, own.node_ip) or process.pod.fabric.answers_ping(own, address)


@checked
def nc(process: Process) -> Program:
    words = arguments(process)
    if "-e" in words:
        words = words[: words.index("-e")]
    options, rest = parse([word for word in words if word != "-vz"], "zvnlukdN46", "wpiqs")
    if "-vz" in words:
        options |= {"z": "z", "v": "v"}
    if "l" in options:
        return (yield from _listen(process, options, rest))
    if len(rest) < 2:
        raise UsageFault("usage: nc [OPTIONS] HOST PORT")
    host, port = rest[0], number(rest[1], "port")
    seconds = seconds_of([options["w"]]) if "w" in options else None
    deadline_us = None if seconds is None else process.now_us + round(seconds * 1_000_000)
    try:
        address = yield from resolve(process, host)
        process.asks_others()
        connection = yield from connect(process.pod, address, port, deadline_us)
    except BadAddress:
        process.err(f"nc: bad address '{host}'\n")
        return 1
    except Timeout:
        process.err(
            "nc: timed out\n" if "v" not in options else f"nc: {host} ({address}:{port}): Connection timed out\n"
        )
        return 1
    except ConnectFault as fault:
        process.err(
            f"nc: {host} ({address}:{port}): {WORDS[fault.kind]}\n" if "v" in options or "z" not in options else ""
        )
        return 1
    if "v" in options:
        process.err(f"{host} ({address}:{port}) open\n")
    if "z" in options:
        connection.finish()
        return 0
    yield from relay(process, connection, deadline_us)
    return 0


def relay(process: Process, connection: Connection, deadline_us: int | None = None) -> Program:
    """Standard input to the connection, the connection to standard output, until the server closes."""
    source, input_open = process.stdin, True
    while True:
        process.stdout.write(connection.incoming.take())
        if connection.incoming.closed and not len(connection.incoming):
            connection.finish()
            return 0
        if input_open:
            connection.send(source.take())
            if source.closed and not len(source):
                input_open = False
                connection.finish()
        if deadline_us is not None and process.now_us >= deadline_us:
            return 1
        waits: tuple[Pipe, ...] = (connection.incoming, source) if input_open else (connection.incoming,)
        if not any(pipe.ready for pipe in waits):
            yield Wait(on=waits, deadline_us=deadline_us)


class _Caller:
    """The server's end of a connection to `nc -l`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.data = Pipe()

    def received(self, data: bytes) -> None:
        self.data.write(data)

    def ended(self) -> None:
        self.data.close()


def _listen(process: Process, options: dict[str, str], rest: list[str]) -> Program:
    port = number(options.get("p") or (rest[-1] if rest else "0"), "port")
    arrivals = Pipe()
    callers: list[_Caller] = []

    def accept(connection: Connection) -> _Caller:
        caller = _Caller(connection)
        callers.append(caller)
        arrivals.write(b".")
        return caller

    process.pod.network.listen(port, accept, process)
    while True:
        while not callers:
            yield Wait(on=(arrivals,))
            arrivals.take()
        caller = callers.pop(0)
        source_open = True
        while not (caller.data.closed and not len(caller.data)):
            process.stdout.write(caller.data.take())
            if source_open:
                caller.connection.write(process.stdin.take())
                if process.stdin.closed and not len(process.stdin):
                    source_open = False
                    caller.connection.close()
            waits = (caller.data, process.stdin) if source_open else (caller.data,)
            if not any(pipe.ready for pipe in waits):
                yield Wait(on=waits)
        caller.connection.close()
        if "k" not in options:
            return 0


@checked
def telnet(process: Process) -> Program:
    words = arguments(process)
    if not words:
        raise UsageFault("usage: telnet HOST [PORT]")
    host, port = words[0], number(words[1], "port") if len(words) > 1 else 23
    try:
        address = yield from resolve(process, host)
        connection = yield from connect(process.pod, address, port)
    except BadAddress:
        process.err(f"telnet: bad address '{host}'\n")
        return 1
    except ConnectFault as fault:
        process.err(f"telnet: can't connect to remote host ({address}): {WORDS[fault.kind]}\n")
        return 1
    process.err(f"\nEntering character mode\nEscape character is '^]'.\n\nConnected to {host}\n")
    yield from relay(process, connection)
    process.err("Connection closed by foreign host\n")
    return 1
