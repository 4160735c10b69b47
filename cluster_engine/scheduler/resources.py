"""What pods ask for, in whole numbers. Follows pkg/api/v1/resource and pkg/scheduler/util/pod_resources.go."""

from __future__ import annotations

from dataclasses import dataclass, field

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj

# What a container that asks for nothing counts as when nodes are compared.
DEFAULT_MILLI_CPU = 100
DEFAULT_MEMORY = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PodResources:
    """A pod's requests: thousandths of a core, bytes.

    The `scored_` ones have the defaults for containers without any.
    """

    milli_cpu: int = 0
    memory: int = 0
    ephemeral_storage: int = 0
    scalars: dict[str, int] = field(default_factory=dict)
    scored_milli_cpu: int = 0
    scored_memory: int = 0

    @property
    def nothing(self) -> bool:
        return not (self.milli_cpu or self.memory or self.ephemeral_storage or self.scalars)


# Pods of one template share their containers, so what they ask for is remembered by identity; the entry keeps them
# alive.
_remembered: dict[int, tuple[list[Obj], PodResources]] = {}
_MAX_REMEMBERED = 1024


def pod_resources(pod: Obj) -> PodResources:
    """What a pod asks for: the sum of its containers, or the largest init container where that is more."""
    containers = pod["spec"]["containers"]
    known = _remembered.get(id(containers))
    if known is not None and known[0] is containers:
        return known[1]
    if len(_remembered) >= _MAX_REMEMBERED:
        _remembered.clear()
    resources = _sum(pod["spec"])
    _remembered[id(containers)] = (containers, resources)
    return resources


def _requests(container: Obj) -> dict[str, int]:
    requests = (container.get("resources") or {}).get("requests") or {}
    return {
        name: quantity.milli_value(text) if name == "cpu" else quantity.value(text) for name, text in requests.items()
    }


def _sum(spec: Obj) -> PodResources:
    total: dict[str, int] = {}
    cpu = memory = 0
    for container in spec["containers"]:
        requests = _requests(container)
        for name, amount in requests.items():
            total[name] = total.get(name, 0) + amount
        cpu += requests.get("cpu", DEFAULT_MILLI_CPU)
        memory += requests.get("memory", DEFAULT_MEMORY)
    # Sidecars run beside the others, and beside the init containers after them.
    sidecars: dict[str, int] = {}
    peaks: dict[str, int] = {}
    sidecar_cpu = sidecar_memory = peak_cpu = peak_memory = 0
    for container in spec.get("initContainers") or ():
        requests = _requests(container)
        if container.get("restartPolicy") == "Always":
            for name, amount in requests.items():
                sidecars[name] = sidecars.get(name, 0) + amount
                total[name] = total.get(name, 0) + amount
            sidecar_cpu += requests.get("cpu", DEFAULT_MILLI_CPU)
            sidecar_memory += requests.get("memory", DEFAULT_MEMORY)
            continue
        for name, amount in requests.items():
            peaks[name] = max(peaks.get(name, 0), amount + sidecars.get(name, 0))
        peak_cpu = max(peak_cpu, requests.get("cpu", DEFAULT_MILLI_CPU) + sidecar_cpu)
        peak_memory = max(peak_memory, requests.get("memory", DEFAULT_MEMORY) + sidecar_memory)
    cpu, memory = max(cpu + sidecar_cpu, peak_cpu), max(memory + sidecar_memory, peak_memory)
    for name, amount in peaks.items():
        total[name] = max(total.get(name, 0), amount)
    for name, text in (spec.get("overhead") or {}).items():
        total[name] = total.get(name, 0) + (quantity.milli_value(text) if name == "cpu" else quantity.value(text))
    return PodResources(
        milli_cpu=total.pop("cpu", 0),
        memory=total.pop("memory", 0),
        ephemeral_storage=total.pop("ephemeral-storage", 0),
        scalars={name: amount for name, amount in total.items() if amount},
        scored_milli_cpu=cpu,
        scored_memory=memory,
    )


def priority_of(pod: Obj) -> int:
    """A pod's priority; 0 where admission has given it none."""
    return pod["spec"].get("priority") or 0
