"""Which targets a cluster has at the moment: the check of an injection, and the lists of the menu."""

from __future__ import annotations

from cluster_engine.apimachinery import errors
from cluster_engine.faults.fault import Fault
from cluster_engine.faults.world import World


def check_target(world: World, fault: Fault) -> None:
    """Raises `ApiError` (NotFound) where the cluster has no such target."""
    if fault.kind.names == 0 or fault.target in targets(world, fault.area):
        return
    kinds = {"kubelet": "nodes", "kube-proxy": "nodes", "node": "nodes", "etcd": "members", "container": "containers"}
    raise errors.not_found(kinds.get(fault.area, f"{fault.area}s"), "", "/".join(fault.names))


def targets(world: World, area: str) -> list[str]:
    """All targets of an area, e.g. `kubelet/k8s-node01` for each node. One without names is its own only target."""
    if area in ("kubelet", "kube-proxy", "node"):
        return [f"{area}/{node}" for node in world.kubelets]
    if area == "controller":
        return [f"{area}/{name}" for name in world.controller_manager.names]
    if area == "etcd":
        return [f"{area}/{name}" for name in world.etcd.members]
    if area == "container":
        return [f"{area}/{names}" for names in _containers(world)]
    return [area]


def _containers(world: World) -> list[str]:
    """namespace/pod/container of every pod that has a node."""
    found: list[str] = []
    for item in world.server.store.range("/registry/pods/"):
        meta, spec = item.value["metadata"], item.value["spec"]
        if spec.get("nodeName"):
            names = [c["name"] for c in (*(spec.get("initContainers") or ()), *spec["containers"])]
            found.extend(f"{meta['namespace']}/{meta['name']}/{name}" for name in names)
    return found


