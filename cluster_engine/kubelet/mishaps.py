"""What is wrong with a container through no fault of its manifest: it hangs, fails a probe, or leaks memory.

Put there by the faults of the simulation (`Kubelet.set_mishaps`), read by the prober and the container manager.
"""

from __future__ import annotations

from dataclasses import dataclass

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.clock import SECOND_US
from cluster_engine.kubelet import probes
from cluster_engine.kubelet.errands import Outcome
from cluster_engine.kubelet.probes import ProbeKind
from cluster_engine.kubelet.runtime import Container

# How much of its limit a container takes before it leaks.
USED_AT_START = 0.2


@dataclass(frozen=True, slots=True)
class Mishap:
    """The present state of one container. A hung one answers nothing that needs its main process."""

    hung: bool = False
    failing: frozenset[ProbeKind] = frozenset()
    leak_bytes_per_second: float = 0.0


# By pod (`namespace/name`) and container.
Mishaps = dict[str, dict[str, Mishap]]


def answer(container: Container, kind: ProbeKind, probe: Obj, pod_ip: str) -> Outcome | None:
    """What a probe of a container that is not well says; None where it says what it would say anyway."""
    mishap = container.mishap
    if mishap is None:
        return None
    if kind in mishap.failing:
        return Outcome(False, _failure(container, probe, pod_ip))
    return Outcome(False, _timeout(container, probe, pod_ip)) if mishap.hung and _needs_main(probe) else None


def _needs_main(probe: Obj) -> bool:
    """A new process runs beside a hung one, and the kernel accepts connections for it."""
    return "httpGet" in probe or "grpc" in probe


def _failure(container: Container, probe: Obj, pod_ip: str) -> str:
    if "httpGet" in probe:
        return "HTTP probe failed with statuscode: 500"
    if "grpc" in probe:
        return 'service unhealthy (responded with "NOT_SERVING")'
    if "tcpSocket" in probe:
        port = probes.port_number(container.spec, probe["tcpSocket"].get("port"))
        return f"dial tcp {pod_ip}:{port}: connect: connection refused"
    return ""


def _timeout(container: Container, probe: Obj, pod_ip: str) -> str:
    seconds = probe.get("timeoutSeconds") or 1
    if "grpc" in probe:
        return f"timeout: health rpc did not complete within {seconds}s"
    action = probe["httpGet"]
    port = probes.port_number(container.spec, action.get("port"))
    path = action.get("path") or "/"
    scheme = (action.get("scheme") or "HTTP").lower()
    url = f"{scheme}://{action.get('host') or pod_ip}:{port}{path if path.startswith('/') else '/' + path}"
    return f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'


def own_memory_limit(container: Container) -> int | None:
    """Bytes that its cgroup may have, None where the node is the limit."""
    text = ((container.spec.get("resources") or {}).get("limits") or {}).get("memory")
    return None if text is None else quantity.value(text)


def seconds_until_out_of_memory(container: Container, node_memory: str) -> float | None:
    """How long a leaking container lasts, None for one that does not leak. Without a limit the node's memory is it."""
    mishap = container.mishap
    if mishap is None or not mishap.leak_bytes_per_second:
        return None
    limit = own_memory_limit(container) or quantity.value(node_memory)
    return limit * (1 - USED_AT_START) / mishap.leak_bytes_per_second


def leaked_bytes(container: Container, node_memory: str, now_us: int) -> int:
    """What a leaking container uses by now; 0 for one that does not leak."""
    mishap = container.mishap
    if mishap is None or not mishap.leak_bytes_per_second:
        return 0
    limit = own_memory_limit(container) or quantity.value(node_memory)
    since_us = max(container.leaks_since_us, container.started_us)
    leaked = mishap.leak_bytes_per_second * (now_us - since_us) / SECOND_US
    return min(limit, round(limit * USED_AT_START + leaked))
