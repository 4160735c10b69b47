"""Asks a running container's probes, and acts on what they say. Follows pkg/kubelet/prober/worker.go.

A probe whose answer is settled is parked: it is not asked again until something changes that it could see (a file, a
process, a port; for one that asks other pods, anything on the network), and then at the moment at which it would have
been its turn. So a cluster at rest has no probe timers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cluster_engine.clock import SECOND_US
from cluster_engine.kubelet import mishaps, probes
from cluster_engine.kubelet.errands import Outcome
from cluster_engine.kubelet.probes import WORDS, ProbeKind

if TYPE_CHECKING:
    from cluster_engine.kubelet.interfaces import Sandbox
    from cluster_engine.kubelet.runtime import Container

# After so many failures in a row the event recorder would hear no more of them either.
MAX_TOLD_FAILURES = 25


# Ends a container with a message, within that grace period (None: the pod's).
Kill = Callable[["Container", str, float | None], None]


@dataclass(slots=True)
class _Count:
    """How often a probe has succeeded or failed in a row, and when its turns are (virtual microseconds)."""

    run: int
    successes: int = 0
    failures: int = 0
    anchor_us: int = 0


class Prober:
    """The probes of one pod's containers.

    `kill` ends a container whose probe has failed for good, `go_on` starts what waits for a sidecar.
    """

    def __init__(self, worker: Sandbox, kill: Kill, go_on: Callable[[], None]) -> None:
        self._worker = worker
        self._kill = kill
        self._go_on = go_on
        # Which round of asking counts, by container and kind: a new one makes what was planned before void.
        self._rounds: dict[tuple[str, ProbeKind], int] = {}
        self._parked: dict[tuple[str, ProbeKind], tuple[Container, _Count]] = {}
        self._asking = False
        self._disturbed = False

    def follow(self, container: Container) -> None:
        """Sets `ready` and `started`, or plans the probes that decide them."""
        if not container.started and "startupProbe" in container.spec:
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
                self._plan(container, kind, seconds, _Count(container.run))

    def wake(self) -> None:
        """Something has changed in the pod or on the network: parked probes are asked at their next turn."""
        if self._asking:
            return
        self._disturbed = True
        if not self._parked:
            return
        parked, self._parked = self._parked, {}
        self._worker.host.infrastructure.unlisten(id(self))
        now_us = self._worker.now_us
        for (_, kind), (container, count) in parked.items():
            if container.run != count.run or container.state != "running":
                continue
            period_us = probes.period_seconds(container.spec[f"{kind}Probe"]) * SECOND_US
            turns = max((now_us - count.anchor_us) // period_us + 1, 1)
            self._plan(container, kind, (count.anchor_us + turns * period_us - now_us) / SECOND_US, count)
        self._worker.rearm()

    def _new_round(self, container: Container, kind: ProbeKind) -> None:
        self._parked.pop((container.name, kind), None)
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
        else:
            self._first(container, "readiness")
        if "livenessProbe" in spec:
            self._first(container, "liveness")
        if container.is_init:
            # A sidecar that has started lets the next container go.
            self._go_on()

    def _first(self, container: Container, kind: ProbeKind) -> None:
        probe = container.spec[f"{kind}Probe"]
        delay = probe.get("initialDelaySeconds") or 0
        elapsed = (self._worker.now_us - container.started_us) / SECOND_US
        self._new_round(container, kind)
        first = max(float(delay), self._worker.host.rng.uniform(0.2, 0.9)) - (elapsed if kind != "startup" else 0)
        self._plan(container, kind, max(first, 0.1), _Count(container.run))

    def _plan(self, container: Container, kind: ProbeKind, seconds: float, count: _Count) -> None:
        round_ = self._rounds.get((container.name, kind), 0)
        action = partial(self._ask, container, kind, round_, count)
        self._worker.plan(seconds, action, f"{kind} probe of {container.name}", container)

    def _ask(self, container: Container, kind: ProbeKind, round_: int, count: _Count) -> None:
        if round_ != self._rounds.get((container.name, kind), 0):
            return
        worker = self._worker
        count.anchor_us = worker.now_us
        probe = container.spec[f"{kind}Probe"]
        mishap = mishaps.answer(container, kind, probe, worker.ip)
        if mishap is not None:
            self._answered(container, kind, round_, count, mishap)
            return
        # What has to be made up for is not the probe's own doing.
        self._disturbed = False
        worker.inside.look()
        restless = self._disturbed
        self._asking = True
        answers: list[Outcome] = []
        waits = True

        def done(outcome: Outcome) -> None:
            if waits:
                answers.append(outcome)
            else:
                # It took its time: the answer is dealt with at the worker's next sync.
                action = partial(self._answered, container, kind, round_, count, outcome)
                worker.plan(0, action, f"answer of the {kind} probe of {container.name}", container)
                worker.rearm()

        try:
            probes.ask(worker, container, probe, done)
        finally:
            self._asking = False
        waits = False
        if answers:
            answer = answers[0]
            if restless and not answer.restless:
                answer = Outcome(answer.success, answer.message, answer.error, True, answer.remote)
            self._answered(container, kind, round_, count, answer)

    def _answered(self, container: Container, kind: ProbeKind, round_: int, count: _Count, answer: Outcome) -> None:
        if round_ != self._rounds.get((container.name, kind), 0) or container.state != "running":
            return
        if answer.error:
            # It says nothing about the container: as if it had not been asked.
            words = f"{WORDS[kind]} probe errored and resulted in unknown state: {answer.message}"
            self._worker.event("Warning", "Unhealthy", words, container)
            count.failures += 1
            self._go_on_asking(container, kind, count, answer, settled=count.failures >= MAX_TOLD_FAILURES)
        elif answer.success:
            self._succeeded(container, kind, count, answer)
        else:
            self._failed(container, kind, count, answer)

    def _failed(self, container: Container, kind: ProbeKind, count: _Count, answer: Outcome) -> None:
        probe = container.spec[f"{kind}Probe"]
        count.successes, count.failures = 0, count.failures + 1
        # A program that prints nothing leaves the message empty.
        self._worker.event("Warning", "Unhealthy", f"{WORDS[kind]} probe failed: {answer.message}", container)
        if count.failures >= (probe.get("failureThreshold") or 3):
            if kind != "readiness":
                words = f"Container {container.name} failed {kind} probe, will be restarted"
                self._kill(container, words, probe.get("terminationGracePeriodSeconds"))
                return
            self._set_ready(container, False)
        self._go_on_asking(container, kind, count, answer, settled=count.failures >= MAX_TOLD_FAILURES)

    def _succeeded(self, container: Container, kind: ProbeKind, count: _Count, answer: Outcome) -> None:
        probe = container.spec[f"{kind}Probe"]
        count.successes, count.failures = count.successes + 1, 0
        if count.successes < (probe.get("successThreshold") or 1):
            self._go_on_asking(container, kind, count, answer, settled=False)
            return
        if kind == "startup":
            self._started(container)
            return
        if kind == "readiness":
            self._set_ready(container, True)
        self._go_on_asking(container, kind, count, answer, settled=True)

    def _go_on_asking(
        self, container: Container, kind: ProbeKind, count: _Count, answer: Outcome, *, settled: bool
    ) -> None:
        period = probes.period_seconds(container.spec[f"{kind}Probe"])
        if not settled or answer.restless:
            elapsed = (self._worker.now_us - count.anchor_us) / SECOND_US
            self._plan(container, kind, max(period - elapsed, 0.0), count)
            return
        self._parked[container.name, kind] = (container, count)
        if answer.remote:
            self._worker.host.infrastructure.listen(id(self), self.wake)

    def close(self) -> None:
        """The pod is gone."""
        self._parked.clear()
        self._worker.host.infrastructure.unlisten(id(self))
