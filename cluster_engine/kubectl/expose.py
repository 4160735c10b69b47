"""`kubectl expose`. Follows k8s.io/kubectl/pkg/cmd/expose/expose.go."""

from __future__ import annotations

from cluster_engine.apimachinery import go_json
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, dig, labels_of
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl import pod_spec
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import generate
from cluster_engine.kubectl.errors import CommandError, raise_all
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process
from cluster_engine.kubectl.resource.builder import Builder
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.kubectl.run import parse_labels
from cluster_engine.schema.patching import apply_patch

_EXPOSABLE = ("Service", "ReplicationController", "Pod", "Deployment", "ReplicaSet")


def run(call: Invocation) -> Process:
    builder = Builder.of(call.factory, call.flags, call.args, typed=True)
    builder.label_selector = None
    result = yield from builder.do()
    errors: list[Exception] = []
    for item in result.visit():
        if isinstance(item, Exception):
            errors.append(item)
            continue
        try:
            generate.submit(call, _service(call, item), operation="exposed")
        except (ApiError, CommandError) as error:
            errors.append(error)
    raise_all(errors)
    return 0


def _service(call: Invocation, info: Info) -> Obj:
    flags, obj = call.flags, info.obj
    if info.resource.kind not in _EXPOSABLE:
        raise CommandError(f"cannot expose a {info.resource.group_kind}")
    selector = parse_labels(flags.string("selector")) if flags.string("selector") else _selector(obj)
    ports = _ports(call, obj)
    target = flags.string("target-port")
    if target:
        for port in ports:
            port["targetPort"] = int(target) if target.isdigit() else target
    labels = parse_labels(flags.string("labels")) if flags.string("labels") else labels_of(obj)
    name = flags.string("name") or info.name[:63]
    meta: Obj = {"creationTimestamp": generate.NO_TIME, "name": name}
    if labels:
        meta["labels"] = labels
    spec: Obj = {"ports": ports, "selector": selector}
    for flag, field in (
        ("type", "type"),
        ("session-affinity", "sessionAffinity"),
        ("load-balancer-ip", "loadBalancerIP"),
    ):
        if flags.string(flag):
            spec[field] = flags.string(flag)
    if flags.string("cluster-ip"):
        spec["clusterIP"] = flags.string("cluster-ip")
    if flags.string("external-ip"):
        spec["externalIPs"] = [flags.string("external-ip")]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec, "status": {"loadBalancer": {}}}
    return _overridden(call, service)


def _overridden(call: Invocation, service: Obj) -> Obj:
    """What `--overrides` makes of it."""
    text = call.flags.string("overrides")
    if not text:
        return service
    try:
        patch = go_json.parse(text)
    except ValueError as error:
        raise CommandError("Invalid JSON Patch") from error
    return apply_patch(service, patch, call.flags.string("override-type"))


def _selector(obj: Obj) -> dict[str, str]:
    """The labels that choose the object's pods. Follows mapbasedselectorforobject.go."""
    why = "couldn't retrieve selectors via --selector flag or introspection:"
    if obj["kind"] == "Pod":
        if not labels_of(obj):
            raise CommandError(f"{why} the pod has no labels and cannot be exposed")
        return labels_of(obj)
    selector = obj["spec"].get("selector") or {}
    if obj["kind"] in ("Service", "ReplicationController"):
        if not selector:
            raise CommandError(f"{why} the service has no pod selector set")
        return dict(selector)
    if selector.get("matchExpressions"):
        raise CommandError(
            f'{why} couldn\'t convert expressions - "{selector["matchExpressions"]}" to map-based selector format'
        )
    return dict(selector.get("matchLabels") or {})


def _ports(call: Invocation, obj: Obj) -> list[Obj]:
    """What `--port` says, else the ports of the object's containers."""
    protocol = call.flags.string("protocol") or ""
    given = call.flags.string("port")
    declared = (
        obj["spec"].get("ports") or []
        if obj["kind"] == "Service"
        else [port for container in pod_spec.of(obj).get("containers") or () for port in container.get("ports") or ()]
    )
    by_number = {dig(port, "containerPort") or dig(port, "port"): port.get("protocol", "TCP") for port in declared}
    if given:
        numbers = [_number(part) for part in given.split(",")]
    elif by_number:
        numbers = [number for number in by_number if number]
    else:
        raise CommandError("couldn't find port via --port flag or introspection")
    several = len(numbers) > 1
    ports: list[Obj] = []
    for index, number in enumerate(numbers, 1):
        port: Obj = {"port": number, "protocol": protocol or by_number.get(number, "TCP"), "targetPort": number}
        ports.append({"name": f"port-{index}", **port} if several else port)
    return ports


def _number(text: str) -> int:
    if not text.isdigit():
        raise CommandError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


COMMAND = Command(
    "expose",
    "Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service",
    run,
    use="(-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] "
    "[--target-port=number-or-name] [--name=name] [options]",
    long="Creates a Service in front of the pods of a workload.",
    example="kubectl expose deployment web --port=80 --target-port=8080",
    group="Basic Commands (Beginner)",
    flags=(
        *common.filename("to expose"),
        *common.output(),
        common.DRY_RUN,
        common.field_manager("kubectl-expose"),
        Flag("cluster-ip", help="The Service's address; None makes it headless"),
        Flag("external-ip", help="An address from outside"),
        Flag("labels", shorthand="l", help="The Service's labels"),
        Flag("load-balancer-ip", help="The load balancer's address"),
        Flag("name", help="The Service's name"),
        Flag("override-type", default="merge", help="How --overrides is merged"),
        Flag("overrides", help="JSON that changes the Service"),
        Flag("port", help="The Service's port"),
        Flag("protocol", help="TCP, UDP or SCTP"),
        Flag("save-config", "bool", help="Keeps the object in its annotation"),
        Flag("selector", help="The labels that choose the pods"),
        Flag("session-affinity", help="None or ClientIP"),
        Flag("target-port", help="The container's port"),
        Flag("type", help="ClusterIP, NodePort, LoadBalancer or ExternalName"),
    ),
)
