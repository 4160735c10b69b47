"""`kubectl port-forward`. Follows pkg/cmd/portforward/portforward.go and client-go's tools/portforward.

The ports are those of the terminal's own machine (`local_ports.py`): other terminals reach them at `localhost`, and
the site opens a browser tab that leads there.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Generator

from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.apiserver.request import Watch
from cluster_engine.apiserver.streams import PortConnection, PortForward
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.local_ports import Forwarding
from cluster_engine.kubectl.pods import target
from cluster_engine.kubectl.pods.exec import attachable_pod
from cluster_engine.kubectl.process import Bell, Process, Wait
from cluster_engine.kubectl.resource.builder import Builder

_PORT = re.compile(r"\d+\Z")
_MAX_PORT = 65535
_LOST = "lost connection to pod"


def run(call: Invocation) -> Process:
    if len(call.args) < 2:
        raise call.usage_error("TYPE/NAME and list of ports are required for port-forward")
    word, *pairs = call.args
    result = yield from Builder(call.factory, [target.named(word)], latest=True).do()
    obj = result.all_or_raise()[0].obj
    pod = yield from attachable_pod(call, obj)
    _refuse_udp(obj if obj["kind"] == "Service" else pod, pairs)
    ports = [_translated(pair, obj, pod) for pair in pairs]
    phase = dig(pod, "status", "phase", default="")
    if phase != "Running":
        raise CommandError(f"unable to forward port because pod is not running. Current status={phase}")
    addresses = _addresses(call)
    numbers = [_numbers(pair) for pair in ports]
    forward = call.factory.request(
        "create",
        call.factory.mapper.resource("pods"),
        pod["metadata"]["namespace"],
        pod["metadata"]["name"],
        subresource="portforward",
        parameters={"ports": [str(remote) for _, remote in numbers]},
    )
    return (yield from _Forwarder(call, pod, forward, addresses).run(numbers))


class _Forwarder:
    """Listens, and hands connections on, until Ctrl-C or until the pod is gone."""

    def __init__(self, call: Invocation, pod: Obj, forward: PortForward, addresses: list[str]) -> None:
        self.factory = call.factory
        self.pod, self.forward, self.addresses = pod, forward, addresses
        self.open: list[int] = []
        self.lost = False
        self.bell = Bell()
        # What is to be said: to standard output, or to the log.
        self.told: list[tuple[str, str]] = []

    def run(self, ports: list[tuple[int, int]]) -> Process:
        try:
            for local, remote in ports:
                self._listen(local, remote)
            if not self.open:
                shown = " ".join(f"{{{local} {remote}}}" for local, remote in ports)
                raise CommandError(f"unable to listen on any of the requested ports: [{shown}]")
            yield from self._serve()
        finally:
            for port in self.open:
                self.factory.local_ports.close(port)
            self.forward.stop()
        raise CommandError(_LOST)

    def _listen(self, local: int, remote: int) -> None:
        local = local or self.factory.local_ports.free_port()
        meta = self.pod["metadata"]
        place = Forwarding(local, meta["namespace"], meta["name"], remote, lambda: self._connect(local, remote))
        try:
            self.factory.local_ports.listen(place)
        except OSError as error:
            faults = " ".join(
                f"unable to create listener: Error listen {'tcp6' if ':' in address else 'tcp4'} "
                f"{_joined(address, local)}: bind: {error}"
                for address in self.addresses
            )
            self.factory.err.line(
                f"Unable to listen on port {local}: Listeners failed to create with the following errors: [{faults}]"
            )
            return
        self.open.append(local)
        for address in self.addresses:
            self.factory.out.line(f"Forwarding from {_joined(address, local)} -> {remote}")

    def _connect(self, local: int, remote: int) -> PortConnection:
        """Somebody has come to the port. What is to be said of it is said when the command has its next turn."""
        self.told.append(("out", f"Handling connection for {local}"))
        connection = self.forward.connect(remote)
        if connection.error:
            fault = f"an error occurred forwarding {local} -> {remote}: {connection.error}"
            self.told.append(("log", f'portforward.go:424] "Unhandled Error" err={json.dumps(fault)}'))
            self.lost = True
        self.bell.ring()
        return connection

    def _serve(self) -> Generator[Wait, None, None]:
        factory, meta = self.factory, self.pod["metadata"]
        resource = factory.mapper.resource("pods")
        watch: Watch = factory.request("watch", resource, meta["namespace"], meta["name"])
        try:
            while True:
                self.bell.look()
                self._tell()
                if self.lost:
                    return
                while (event := watch.pop()) is not None:
                    if _is_over(event[1], meta["uid"], event[0]):
                        return
                yield Wait(watches=(watch, self.bell))
        finally:
            watch.stop()

    def _tell(self) -> None:
        told, self.told = self.told, []
        for where, text in told:
            if where == "out":
                self.factory.out.line(text)
            else:
                self.factory.log("E", text)


def _is_over(pod: Obj, uid: str, type_: str) -> bool:
    if pod["metadata"].get("uid") != uid:
        return False
    return type_ == "DELETED" or dig(pod, "status", "phase") in ("Succeeded", "Failed")


def _joined(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _addresses(call: Invocation) -> list[str]:
    """Where to listen. Follows parseAddresses."""
    found = []
    for address in call.flags.strings("address"):
        if address == "localhost":
            found += ["127.0.0.1", "::1"]
            continue
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise CommandError(f"{address} is not a valid IP") from None
        found.append(address)
    return list(dict.fromkeys(found))


def _split(pair: str) -> tuple[str, str]:
    parts = pair.split(":")
    return (parts[0], parts[1]) if len(parts) == 2 else (parts[0], parts[0])


def _translated(pair: str, obj: Obj, pod: Obj) -> str:
    """`LOCAL:REMOTE` with the pod's own port: a Service's leads to its target, a name to the container's port."""
    local, remote = _split(pair)
    if obj["kind"] == "Service":
        number = int(remote) if _PORT.match(remote) else _named_service_port(obj, remote)
        if local == remote:
            local = str(number)
        remote = str(_target_port(obj, pod, number))
        return f"{local}:{remote}" if local != remote else remote
    if not remote:
        raise CommandError("remote port cannot be empty")
    number_text = remote if _PORT.match(remote) else str(_named_port(remote, pod))
    return f"{local}:{number_text}" if local != remote else number_text


def _target_port(service: Obj, pod: Obj, number: int) -> int:
    for port in service["spec"].get("ports") or ():
        if port["port"] != number:
            continue
        if service["spec"].get("clusterIP") == "None":
            return number
        to = port.get("targetPort") or number
        return to if isinstance(to, int) else _named_port(str(to), pod)
    raise CommandError(f"Service {service['metadata']['name']} does not have a service port {number}")


def _named_service_port(service: Obj, name: str) -> int:
    for port in service["spec"].get("ports") or ():
        if port.get("name", "") == name:
            return int(port["port"])
    raise CommandError(f"Service '{service['metadata']['name']}' does not have a named port '{name}'")


def _named_port(text: str, pod: Obj) -> int:
    for field in ("containers", "initContainers"):
        for container in pod["spec"].get(field) or ():
            for port in container.get("ports") or ():
                if port.get("name", "") == text:
                    return int(port["containerPort"])
    raise CommandError(f"Pod '{pod['metadata']['name']}' does not have a named port '{text}'")


def _refuse_udp(obj: Obj, pairs: list[str]) -> None:
    """Only TCP is forwarded. Follows checkUDPPorts."""
    if obj["kind"] == "Service":
        ports = [(int(port["port"]), port.get("protocol", "TCP")) for port in obj["spec"].get("ports") or ()]
    else:
        declared = [port for one in obj["spec"]["containers"] for port in one.get("ports") or ()]
        ports = [(int(port["containerPort"]), port.get("protocol", "TCP")) for port in declared]
    by_udp = {number for number, protocol in ports if protocol == "UDP"}
    by_udp -= {number for number, protocol in ports if protocol == "TCP"}
    for pair in pairs:
        _, remote = _split(pair)
        if _PORT.match(remote):
            number = int(remote)
        else:
            number = _named_service_port(obj, remote) if obj["kind"] == "Service" else _named_port(remote, obj)
        if number in by_udp:
            raise CommandError(f"UDP protocol is not supported for {remote}")


def _numbers(pair: str) -> tuple[int, int]:
    """(local port, 0 for any that is free; the pod's port). Follows parsePorts."""
    parts = pair.split(":")
    if len(parts) > 2:
        raise CommandError(f"invalid port format '{pair}'")
    local, remote = _number(parts[0] or "0", "local"), _number(parts[-1], "remote")
    if remote == 0:
        raise CommandError("remote port must be > 0")
    return local, remote


def _number(text: str, which: str) -> int:
    fault = ""
    if not _PORT.match(text):
        fault = "invalid syntax"
    elif int(text) > _MAX_PORT:
        fault = "value out of range"
    if fault:
        raise CommandError(f"error parsing {which} port '{text}': strconv.ParseUint: parsing \"{text}\": {fault}")
    return int(text)


COMMAND = Command(
    "port-forward",
    "Forward one or more local ports to a pod",
    run,
    use="TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]",
    long="Leads a port of this terminal's machine to a pod's. The other terminals reach it at localhost, and the "
    "workspace shows it in a browser tab. Ends with Ctrl-C, or with the pod.",
    example="kubectl port-forward pod/web-0 8080:80\n\nkubectl port-forward service/web 8080:http",
    group="Troubleshooting and Debugging Commands",
    completes="pods",
    interrupted_code=0,
    flags=(
        Flag("address", "stringSlice", default=("localhost",), help="The addresses to listen on"),
        Flag("pod-running-timeout", "duration", default=60.0, help="How long to wait for a pod", shown="1m0s"),
    ),
)
