"""Nodes, with what their pods ask for. Follows describeNode and describeNodeResource."""

from __future__ import annotations

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.quantity import Quantity
from cluster_engine.apimachinery.times import age
from cluster_engine.kubectl.describe.writer import NONE, Writer, rfc1123
from cluster_engine.kubectl.factory import Factory

_ROLE = "node-role.kubernetes.io/"
_INFO = (
    ("Machine ID", "machineID"),
    ("System UUID", "systemUUID"),
    ("Boot ID", "bootID"),
    ("Kernel Version", "kernelVersion"),
    ("OS Image", "osImage"),
    ("Operating System", "operatingSystem"),
    ("Architecture", "architecture"),
    ("Container Runtime Version", "containerRuntimeVersion"),
    ("Kubelet Version", "kubeletVersion"),
    ("Kube-Proxy Version", "kubeProxyVersion"),
)
Amounts = dict[str, Quantity]


def describe(factory: Factory, obj: Obj, writer: Writer) -> None:
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    writer.field("Name", meta["name"])
    writer.field("Roles", ",".join(_roles(meta.get("labels") or {})) or NONE)
    writer.labels("Labels", meta.get("labels"))
    writer.annotations("Annotations", meta.get("annotations"))
    writer.field("CreationTimestamp", rfc1123(meta.get("creationTimestamp")))
    taints = sorted(spec.get("taints") or (), key=lambda taint: f"{taint.get('effect')},{taint.get('key')}")
    writer.lines("Taints", [taint_text(taint) for taint in taints])
    writer.field("Unschedulable", "true" if spec.get("unschedulable") else "false")
    _lease(factory, meta["name"], writer)
    if status.get("conditions"):
        writer.line(0, "Conditions:")
        writer.line(1, "Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message")
        writer.line(1, "----", "------", "-----------------", "------------------", "------", "-------")
        for c in status["conditions"]:
            writer.line(
                1,
                f"{c['type']} ",
                f"{c['status']} ",
                f"{rfc1123(c.get('lastHeartbeatTime'))} ",
                f"{rfc1123(c.get('lastTransitionTime'))} ",
                f"{c.get('reason', '')} ",
                c.get("message", ""),
            )
    writer.line(0, "Addresses:")
    for address in status.get("addresses") or ():
        writer.field(address["type"], address["address"], 1)
    for title, field in (("Capacity", "capacity"), ("Allocatable", "allocatable")):
        if status.get(field):
            writer.line(0, f"{title}:")
            for name, amount in sorted(status[field].items()):
                writer.field(name, amount, 1)
    writer.line(0, "System Info:")
    info = status.get("nodeInfo") or {}
    for title, field in _INFO:
        writer.field(title, info.get(field, ""), 1)
    if spec.get("podCIDR"):
        writer.field("PodCIDR", spec["podCIDR"])
    if spec.get("podCIDRs"):
        writer.field("PodCIDRs", ",".join(spec["podCIDRs"]))
    if spec.get("providerID"):
        writer.field("ProviderID", spec["providerID"])
    _pods(factory, obj, writer)


def _roles(labels: dict[str, str]) -> list[str]:
    found = {key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE) and key != _ROLE}
    if labels.get("kubernetes.io/role"):
        found.add(labels["kubernetes.io/role"])
    return sorted(found)


def taint_text(taint: Obj) -> str:
    """`key=value:Effect`."""
    key, value, effect = taint.get("key", ""), taint.get("value", ""), taint.get("effect", "")
    if not effect:
        return f"{key}={value}:" if value else key
    return f"{key}={value}:{effect}" if value else f"{key}:{effect}"


def _lease(factory: Factory, name: str, writer: Writer) -> None:
    resource = factory.mapper.get("leases.coordination.k8s.io")
    try:
        if resource is None:
            raise ApiError(404, "NotFound", "the server could not find the requested resource")
        spec = factory.get(resource, "kube-node-lease", name).get("spec") or {}
    except ApiError as error:
        writer.field("Lease", f"Failed to get lease: {error.message}")
        return
    writer.line(0, "Lease:")
    writer.field("HolderIdentity", spec.get("holderIdentity", "<unset>"), 1)
    writer.field("AcquireTime", rfc1123(spec["acquireTime"]) if spec.get("acquireTime") else "<unset>", 1)
    writer.field("RenewTime", rfc1123(spec["renewTime"]) if spec.get("renewTime") else "<unset>", 1)


def _pods(factory: Factory, node: Obj, writer: Writer) -> None:
    status = node.get("status") or {}
    whole = _quantities(status.get("allocatable") or status.get("capacity") or {})
    selector = f"spec.nodeName={node['metadata']['name']},status.phase!=Succeeded,status.phase!=Failed"
    pods = factory.list("pods", field_selector=selector)
    writer.field("Non-terminated Pods", f"({len(pods)} in total)")
    writer.line(1, "Namespace", "Name", "", "CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age")
    writer.line(1, "---------", "----", "", "------------", "----------", "---------------", "-------------", "---")
    totals: tuple[Amounts, Amounts] = ({}, {})
    for pod in pods:
        requests, limits = pod_amounts(pod["spec"], "requests"), pod_amounts(pod["spec"], "limits")
        for total, part in zip(totals, (requests, limits), strict=True):
            for name, amount in part.items():
                total[name] = total[name] + amount if name in total else amount
        cells = [_share(amounts, name, whole) for name in ("cpu", "memory") for amounts in (requests, limits)]
        meta = pod["metadata"]
        writer.line(1, meta["namespace"], meta["name"], "", *cells, age(meta.get("creationTimestamp"), factory.now_us))
    writer.line(0, "Allocated resources:")
    writer.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)")
    rows = [
        (name, *(_share(total, name, whole) for total in totals)) for name in ("cpu", "memory", "ephemeral-storage")
    ]
    rows += [
        (name, *(_share(total, name, whole) for total in totals))
        for name in sorted(whole)
        if name.startswith("hugepages-")
    ]
    standard = ("cpu", "memory", "ephemeral-storage", "pods")
    rows += [
        (name, *(str(total.get(name, quantity.ZERO)) for total in totals))
        for name in sorted(whole)
        if name not in standard and not name.startswith("hugepages-")
    ]
    writer.table(1, ("Resource", "Requests", "Limits"), rows)


def _quantities(amounts: Obj) -> Amounts:
    return {name: quantity.parse(amount) for name, amount in amounts.items()}


def pod_amounts(spec: Obj, field: str) -> Amounts:
    """What a pod asks for, or may use: the sum of its containers and sidecars, or an init container (with the sidecars
    before it) where that is more. Follows kubectl's util/resource.
    """
    total: Amounts = {}
    for container in spec.get("containers") or ():
        for name, amount in _quantities((container.get("resources") or {}).get(field) or {}).items():
            total[name] = total[name] + amount if name in total else amount
    sidecars: Amounts = {}
    peaks: Amounts = {}
    for container in spec.get("initContainers") or ():
        for name, amount in _quantities((container.get("resources") or {}).get(field) or {}).items():
            if container.get("restartPolicy") == "Always":
                total[name] = total.get(name, quantity.ZERO) + amount
                sidecars[name] = sidecars.get(name, quantity.ZERO) + amount
            else:
                peaks[name] = max(peaks.get(name, quantity.ZERO), amount + sidecars.get(name, quantity.ZERO))
    for name, amount in peaks.items():
        if name not in total or total[name] < amount:
            total[name] = amount
    for name, amount in _quantities(spec.get("overhead") or {}).items():
        if field == "requests" or name in total:
            total[name] = total.get(name, quantity.ZERO) + amount
    return total


def _share(amounts: Amounts, name: str, whole: Amounts) -> str:
    """An amount and what part of the node it is: `100m (2%)`."""
    amount, all_of_it = amounts.get(name, quantity.ZERO), whole.get(name, quantity.ZERO)
    percent = amount.nano * 100 // all_of_it.nano if all_of_it.nano else 0
    return f"{amount} ({percent}%)"
