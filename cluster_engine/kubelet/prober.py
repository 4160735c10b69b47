"""Asks a running container's probes, and acts on what they say. Follows pkg/kubelet/prober/worker.go."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cluster_engine.clock import SECOND_US
from cluster_engine.kubelet import mishaps, probes
from cluster_engine.kubelet.interfaces import Sandbox
from cluster_engine.kubelet.probes import WORDS, ProbeKind
from cluster_engine.kubelet.runtime import Container

# After so many failures in a row the event recorder would hear no more of them either.
MAX_TOLD_FAILURES = 25


class Prober:
    """The probes of one pod's containers.

    `kill` ends a container whose probe has failed for good, `go_on` starts what waits for a sidecar.
    """

    def __init__(self, worker: Sandbox, kill: Callable[[Container, str], None], go_on: Callable[[], None]) -> None:
        self._worker = worker
        self._kill = kill
        self._go_on = go_on
        # Which round of asking counts, by container and kind: a new one makes what was planned before void.
        self._rounds: dict[tuple[str, ProbeKind], int] = {}

    def follow(self, container: Container) -> None:
        """Sets `ready` and `started`, or plans the probes that decide them."""
        spec = container.spec
        if not container.started and "startupProbe" in spec:
            self._first(container, "startup")
            return
        self._started(container)

    def look_again(self, container: Container) -> None:
        """Asks anew all probes whose answers counted as settled: something about the container has changed."""
        kinds: tuple[ProbeKind, ...] = ("readiness", "liveness") if container.started else ("startup",)
        for kind in kinds:
            probe = container.spec.get(f"{kind}Probe")
            if probe is not None:
                self._new_round(container, kind)
                seconds = self._worker.host.rng.uniform(0.1, probes.period_seconds(probe))
                self._plan(container, kind, seconds, 0, 0)

    def _new_round(self, container: Container, kind: ProbeKind) -> None:
        self._rounds[container.name, kind] = self._rounds.get((container.name, kind), 0) + 1

    def _set_ready(self, container: Container, ready: bool) -> None:
        if container.ready != ready:
            container.ready = ready
            self._worker.dirty = True

    def _started(self, container: Container) -> None:
        container.started = True
        self._worker.dirty = True
        spec = container.spec
        if "readinessProbe" not in spec:
            container.ready = True
        elif not container.ready:
            self._first(container, "readiness")
        if "livenessProbe" in spec:
            self._first(container, "liveness")
        if container.is_init:
            # A sidecar that has started lets the next container go.
            self._go_on()

    def _first(self, container: Container, kind: ProbeKind) -> None:
        probe = container.spec[f"{kind}Probe"]
        delay = probe.get("initialDelaySeconds") or 0
        elapsed = self._elapsed(container)
        self._new_round(container, kind)
        first = max(float(delay), self._worker.host.rng.uniform(0.2, 0.9)) - (elapsed if kind != "startup" else 0)
        self._plan(container, kind, max(first, 0.1), 0, 0)

    def _plan(self, container: Container, kind: ProbeKind, seconds: float, successes: int, failures: int) -> None:
        round_ = self._rounds.get((container.name, kind), 0)
        action = partial(self._ask, container, kind, round_, successes, failures)
        self._worker.plan(seconds, action, f"{kind} probe of {container.name}", container)

    def _elapsed(self, container: Container) -> float:
        return (self._worker.now_us - container.started_us) / SECOND_US

    def _ask(self, container: Container, kind: ProbeKind, round_: int, successes: int, failures: int) -> None:
        if round_ != self._rounds.get((container.name, kind), 0):
            return
        probe = container.spec[f"{kind}Probe"]
        elapsed = self._elapsed(container)
        answer = mishaps.answer(container, kind, probe, self._worker.ip)
        answer = answer or probes.ask(container, probe, self._worker.ip, elapsed)
        period = probes.period_seconds(probe)
        if answer.success:
            self._succeeded(container, kind, successes + 1, answer, elapsed, period)
            return
        failures += 1
        # A program that prints nothing leaves the message empty.
        self._worker.event("Warning", "Unhealthy", f"{WORDS[kind]} probe failed: {answer.message}", container)
        if failures >= (probe.get("failureThreshold") or 3):
            if kind != "readiness":
                self._kill(container, f"Container {container.name} failed {kind} probe, will be restarted")
                return
            self._set_ready(container, False)
        if answer.until_seconds is not None or failures < MAX_TOLD_FAILURES:
            self._plan(container, kind, period, 0, failures)

    def _succeeded(
        self, container: Container, kind: ProbeKind, successes: int, answer: probes.Answer, elapsed: float, period: int
    ) -> None:
        probe = container.spec[f"{kind}Probe"]
        if successes < (probe.get("successThreshold") or 1):
            self._plan(container, kind, period, successes, 0)
            return
        if kind == "startup":
            self._started(container)
            return
        if kind == "readiness":
            self._set_ready(container, True)
        if answer.until_seconds is not None:
            # The first time of asking after the answer changes; those between would all say the same.
            periods = max(1, -int(-(answer.until_seconds - elapsed) // period))
            self._plan(container, kind, periods * period, successes, 0)
