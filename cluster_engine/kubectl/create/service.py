"""`kubectl create service`. Follows create_service.go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import generate
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process

_MAX_PORT = 65535


def _ports(pairs: list[str], node_port: int) -> list[Obj]:
    ports: list[Obj] = []
    for pair in pairs:
        port, colon, target = pair.partition(":")
        if not port.isdigit():
            raise CommandError(f'strconv.ParseUint: parsing "{port}": invalid syntax')
        if int(port) > _MAX_PORT:
            raise CommandError(f'strconv.ParseUint: parsing "{port}": value out of range')
        if colon and target.isdigit() and not 0 < int(target) <= _MAX_PORT:
            raise CommandError("must be between 1 and 65535, inclusive")
        entry: Obj = {
            "name": pair.replace(":", "-"),
            "port": int(port),
            "protocol": "TCP",
            "targetPort": (int(target) if target.isdigit() else target) if colon else int(port),
        }
        if node_port:
            entry["nodePort"] = node_port
        ports.append(entry)
    return ports


def _service(type_: str) -> Callable[[Invocation], Process]:
    def run(call: Invocation) -> Process:
        name = generate.name_of(call)
        flags = call.flags
        spec: Obj = {}
        tcp = flags.strings("tcp") if flags.has("tcp") else []
        headless = type_ == "ClusterIP" and flags.string("clusterip") == "None"
        if type_ == "ExternalName":
            spec["externalName"] = flags.string("external-name")
        elif not tcp and not headless:
            raise CommandError("at least one tcp port specifier must be provided")
        if type_ == "ClusterIP" and flags.string("clusterip"):
            spec["clusterIP"] = flags.string("clusterip")
        ports = _ports(tcp, flags.number("node-port") if flags.has("node-port") else 0)
        if ports:
            spec["ports"] = ports
        spec |= {"selector": {"app": name}, "type": type_}
        obj: Obj = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"creationTimestamp": generate.NO_TIME, "labels": {"app": name}, "name": name},
            "spec": spec,
            "status": {"loadBalancer": {}},
        }
        return generate.submit(call, obj, what=f"{type_} service:")
        yield

    return run


_TCP = Flag("tcp", "stringSlice", help="Ports, as port or port:targetPort; may be repeated")


def _command(name: str, type_: str, article: str, *flags: Any) -> Command:
    return Command(
        name,
        f"Create {article} {type_} service",
        _service(type_),
        use="NAME [--tcp=<port>:<targetPort>] [options]",
        completes="nothing",
        flags=(*generate.FLAGS, _TCP, *flags),
    )


COMMAND = Command(
    "service",
    "Create a service using a specified subcommand",
    aliases=("svc",),
    use="[flags] [options]",
    long="Creates a Service of the type that the subcommand names.",
    commands=(
        _command("clusterip", "ClusterIP", "a", Flag("clusterip", help="The address; None makes it headless")),
        _command(
            "externalname",
            "ExternalName",
            "an",
            Flag("external-name", required=True, help="The name outside of the cluster"),
        ),
        _command("loadbalancer", "LoadBalancer", "a"),
        _command("nodeport", "NodePort", "a", Flag("node-port", "int", help="The port on every node")),
    ),
)
