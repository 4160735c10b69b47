"""Somebody who breaks a cluster at random, and puts right what was broken."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from cluster_engine.api.podarium.fault import KINDS, FaultKind
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.cluster import Cluster
from cluster_engine.faults.fault import Fault

# Faults whose like in reality would not let anything go on for long.
MOST_AT_ONCE = 3


@dataclass
class Saboteur:
    """Injects and lifts faults, and remembers which."""

    cluster: Cluster
    dice: random.Random
    log: list[str]
    # When the last fault ended, in virtual microseconds; 0 while there has been none.
    last_us: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def act(self) -> None:
        """One more fault, or one less."""
        active = list(self.cluster.faults.active)
        if active and (len(active) >= MOST_AT_ONCE or self.dice.random() < 0.5):
            self._lift(self.dice.choice(active))
        else:
            self._inject()

    def put_right(self) -> None:
        """Ends all faults."""
        for name in list(self.cluster.faults.active):
            self._lift(name)

    def _lift(self, name: str) -> None:
        self.log.append(f"lift {name}")
        self.cluster.lift(name)
        self.last_us = self.cluster.clock.now_us

    def _inject(self) -> None:
        kind = self.dice.choice(KINDS)
        targets = self.cluster.faults.targets(kind.target) if kind.names else [kind.target]
        if not targets:
            return
        fault = Fault(kind.type, self.dice.choice(targets), self._parameters(kind))
        self.log.append(f"inject {fault} {dict(fault.parameters)}")
        try:
            self.cluster.inject(fault)
        except ApiError as error:
            self.log.append(f"refused: {error.message}")
            return
        self.counts[kind.type] = self.counts.get(kind.type, 0) + 1
        self.last_us = self.cluster.clock.now_us

    def _parameters(self, kind: FaultKind) -> dict[str, float | str]:
        """Each parameter at random: a word, or a number from the lower part of its range."""
        chosen: dict[str, float | str] = {}
        for parameter in kind.parameters:
            if parameter.choices:
                chosen[parameter.name] = self.dice.choice(parameter.choices)
            elif parameter.name == "seconds":
                chosen[parameter.name] = self.dice.choice([0.05, 0.5])
            elif self.dice.random() < 0.5:
                chosen[parameter.name] = parameter.default
        return chosen
