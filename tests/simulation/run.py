"""One simulated history, from a seed."""

from __future__ import annotations

import random

from cluster_engine.clock import SECOND_US
from cluster_engine.cluster import Cluster, ClusterConfig
from tests.simulation.invariants import BrokenPromiseError, Observer
from tests.simulation.people import People
from tests.simulation.saboteur import Saboteur

DEEDS = 14
SETTLE_SECONDS = 400.0
# Until the last node has started, the last pressure is forgotten, and the longest back-off is over.
HEAL_SECONDS = 700.0
# How long a fault may be felt after it has ended: taints, leases, caches that are listed again.
AFTERMATH_SECONDS = 120.0
MAX_STEPS = 60_000


def simulate(seed: int) -> None:
    """Runs the history of a seed; raises `BrokenPromiseError` with the seed and what people did before it."""
    dice = random.Random(seed)
    config = ClusterConfig(
        seed=seed,
        nodes=dice.choice([1, 3, 5]),
        registry="catalogue",
        start_seconds=dice.choice([None, 1.0]),
    )
    cluster = Cluster(config)
    people = People(cluster.client("kubectl"), dice)
    # Every other history is one without faults, in which every promise holds all the time.
    saboteur = Saboteur(cluster, dice, people.log) if seed % 2 else None
    observer = Observer(cluster, people.orphaned, saboteur)
    try:
        run_quietly(cluster, observer, 5, disturbed=True)
        for _ in range(DEEDS):
            if saboteur is not None and dice.random() < 0.7:
                saboteur.act()
            before = len(people.log)
            people.act()
            # A rollout alone keeps the promises; a kill, a scale or a deletion may break them for a while.
            disturbed = any(not line.startswith("set image") for line in people.log[before:])
            run_quietly(cluster, observer, dice.choice([0.2, 1, 4, 30]), disturbed=disturbed)
            if saboteur is not None and dice.random() < 0.2:
                run_quietly(cluster, observer, 400, disturbed=disturbed)
        if saboteur is not None:
            saboteur.put_right()
            run_quietly(cluster, observer, AFTERMATH_SECONDS, disturbed=True)
        people.repair()
        run_quietly(cluster, observer, SETTLE_SECONDS if saboteur is None else HEAL_SECONDS, disturbed=True)
        observer.check_settled()
        observer.check_causes()
        observer.check_acknowledged(people.acknowledged)
    except BrokenPromiseError as error:
        history = "\n  ".join(people.log)
        raise BrokenPromiseError(f"seed {seed}: {error}\nwhat people did:\n  {history}") from error


def run_quietly(cluster: Cluster, observer: Observer, seconds: float, *, disturbed: bool) -> None:
    """Lets time pass, and looks whenever nobody wants a turn."""
    end_us = cluster.clock.now_us + round(seconds * SECOND_US)
    for _ in range(MAX_STEPS):
        if not len(cluster.turns):
            observer.check(disturbed=disturbed)
            due_us = cluster.clock.next_timer_us()
            if due_us is None or due_us > end_us:
                cluster.clock.advance_to(end_us)
                return
        cluster.step()
    raise BrokenPromiseError(f"the cluster does not come to rest: {MAX_STEPS} steps in {seconds} s")
