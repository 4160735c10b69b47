"""The node as its kubelet registers it: Node object and Lease. Follows pkg/kubelet/{kubelet_node_status,nodestatus}.

The kubelet writes both once. A Lease without `renewTime` is one whose holder is alive: the API server fills the time
in from the clock when somebody reads it, so that heartbeats neither fill the history nor wake an idle cluster.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, get_condition
from cluster_engine.client.client import Client
from cluster_engine.kubelet.config import KubeletConfig

KUBELET_VERSION = "v1.32.4"
RUNTIME_VERSION = "containerd://1.7.27"
LEASES = "leases.coordination.k8s.io"
LEASE_NAMESPACE = "kube-node-lease"
LEASE_DURATION_SECONDS = 40

_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


_PRESSED = {
    "MemoryPressure": ("True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
    "DiskPressure": ("True", "KubeletHasDiskPressure", "kubelet has disk pressure"),
    "PIDPressure": ("True", "KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
}


def register_node(
    client: Client, config: KubeletConfig, now: str, boot_id: str = "", pressures: Collection[str] = ()
) -> tuple[Obj, bool]:
    """Creates the Node, or brings its status up to date where it is there already (a restart).

    `now` is an RFC 3339 time; `boot_id` that of a machine that was started anew; `pressures` the pressure conditions
    that are true. Returns the node, and whether it was known as ready before.
    """
    try:
        present = client.get("nodes", config.name)
    except ApiError as error:
        if error.reason != "NotFound":
            raise
        created = client.create("nodes", _node(config, now))
        if (created.get("status") or {}).get("conditions"):
            return created, True
        present = created
    before = present.get("status") or {}
    status = _status(config, now, before, pressures)
    boot_id = boot_id or (before.get("nodeInfo") or {}).get("bootID", "")
    if boot_id:
        status["nodeInfo"] = {**status["nodeInfo"], "bootID": boot_id}
    was_ready = (get_condition(before.get("conditions"), "Ready") or {}).get("status", "True") == "True"
    if status != before:
        present = client.update_status("nodes", {**present, "status": status})
    return present, was_ready


def renew_lease(client: Client, config: KubeletConfig) -> None:
    """Says that the node is alive, which holds until somebody says otherwise."""
    spec = {"holderIdentity": config.name, "leaseDurationSeconds": LEASE_DURATION_SECONDS}
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": config.name, "namespace": LEASE_NAMESPACE},
        "spec": spec,
    }
    try:
        present = client.get(LEASES, config.name, LEASE_NAMESPACE)
    except ApiError as error:
        if error.reason != "NotFound":
            raise
        client.create(LEASES, lease)
        return
    # Stored without a time, it is read with the present one.
    client.update(LEASES, {**present, "spec": spec})


def _node(config: KubeletConfig, now: str) -> Obj:
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": config.name,
        "kubernetes.io/os": "linux",
    }
    annotations = {
        "node.alpha.kubernetes.io/ttl": "0",
        "volumes.kubernetes.io/controller-managed-attach-detach": "true",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": config.name, "labels": labels, "annotations": annotations},
        "spec": {"podCIDR": config.pod_cidr, "podCIDRs": [config.pod_cidr]},
        "status": _status(config, now, {}),
    }


def extended_capacity(status: Obj) -> dict[str, str]:
    """What somebody has advertised as a node's capacity beyond what every machine has, e.g. `example.com/dongle`."""
    return {name: amount for name, amount in (status.get("capacity") or {}).items() if is_extended(name)}


def is_extended(resource: str) -> bool:
    """Whether a resource is of a domain of its own. Follows v1helper.IsExtendedResourceName."""
    domain, slash, _ = resource.partition("/")
    return bool(slash) and not (domain == "kubernetes.io" or domain.endswith(".kubernetes.io"))


def wants_allocatable(node: Obj) -> bool:
    """Whether the kubelet has yet to offer what is advertised, or to take back what is advertised no more."""
    status = node.get("status") or {}
    offered = {name: amount for name, amount in (status.get("allocatable") or {}).items() if is_extended(name)}
    return offered != extended_capacity(status)


def _status(config: KubeletConfig, now: str, old: Obj, pressures: Collection[str] = ()) -> Obj:
    resources = {
        "cpu": config.cpu,
        "ephemeral-storage": "100Gi",
        "hugepages-2Mi": "0",
        "memory": config.memory,
        "pods": str(config.pods),
    }
    conditions: list[dict[str, Any]] = []
    for type_, *usual in _CONDITIONS:
        status, reason, message = _PRESSED[type_] if type_ in pressures else usual
        before = get_condition(old.get("conditions"), type_)
        if before is not None and before["status"] == status and before.get("reason") == reason:
            conditions.append(before)
            continue
        conditions.append(
            {
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
                "message": message,
                "reason": reason,
                "status": status,
                "type": type_,
            }
        )
    resources |= extended_capacity(old)
    kept = {"images": old["images"]} if "images" in old else {}
    return {
        **kept,
        "addresses": [{"address": config.address, "type": "InternalIP"}, {"address": config.name, "type": "Hostname"}],
        "allocatable": resources,
        "capacity": resources,
        "conditions": conditions,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": _node_info(config),
    }


def _node_info(config: KubeletConfig) -> Obj:
    identity = hashlib.sha256(config.name.encode()).hexdigest()
    uuid = f"{identity[:8]}-{identity[8:12]}-4{identity[13:16]}-8{identity[17:20]}-{identity[20:32]}"
    boot = f"{identity[32:40]}-{identity[40:44]}-4{identity[45:48]}-8{identity[49:52]}-{identity[52:64]}"
    return {
        "architecture": "amd64",
        "bootID": boot,
        "containerRuntimeVersion": RUNTIME_VERSION,
        "kernelVersion": "6.1.0-31-amd64",
        "kubeProxyVersion": KUBELET_VERSION,
        "kubeletVersion": KUBELET_VERSION,
        "machineID": identity[:32],
        "operatingSystem": "linux",
        "osImage": "Debian GNU/Linux 12 (bookworm)",
        "systemUUID": uuid,
    }
