"""One simulated history, from a seed."""

from __future__ import annotations

import random

from cluster_engine.clock import SECOND_US
from cluster_engine.cluster import Cluster, ClusterConfig
from tests.simulation.observer import Observer
from tests.simulation.people import Focus, People
from tests.simulation.promises import BrokenPromiseError
from tests.simulation.saboteur import Saboteur

DEEDS = 16
# Until the last node has started, the last pressure is forgotten, and the longest back-off of a work queue (1,000 s,
# for a ReplicaSet that a quota has refused for long) is over.
SETTLE_SECONDS = 1200.0
# How long a fault may be felt after it has ended: taints, leases, caches that are listed again.
AFTERMATH_SECONDS = 120.0
MAX_STEPS = 60_000
WORKLOADS = ("/registry/deployments.apps/", "/registry/statefulsets.apps/")
EVERYBODY = {"*"}
ANYTHING = Focus()


def simulate(seed: int, focus: Focus = ANYTHING) -> None:
    """Runs the history of a seed; raises `BrokenPromiseError` with the seed and what people did before it."""
    dice = random.Random(seed)
    config = ClusterConfig(
        seed=seed,
        nodes=dice.choice([1, 3, 5]),
        registry="catalogue",
        start_seconds=dice.choice([None, 1.0]),
    )
    cluster = Cluster(config)
    people = People(cluster.client("kubectl"), dice, focus=focus)
    # Every other history is one without faults, in which every promise holds all the time.
    saboteur = Saboteur(cluster, dice, people.log) if seed % 2 else None
    observer = Observer(cluster, people.orphaned, saboteur)
    try:
        run_quietly(cluster, observer, 5, EVERYBODY)
        for _ in range(DEEDS):
            if saboteur is not None and dice.random() < 0.7:
                saboteur.act()
            people.act()
            run_quietly(cluster, observer, dice.choice([0.2, 1, 4, 30]), people.disturbed)
            if saboteur is not None and dice.random() < 0.2:
                run_quietly(cluster, observer, 400, people.disturbed)
            if saboteur is not None and dice.random() < 0.1:
                cluster = wake(cluster, observer, people, saboteur)
        if saboteur is not None:
            saboteur.put_right()
            run_quietly(cluster, observer, AFTERMATH_SECONDS, EVERYBODY)
        people.repair()
        run_quietly(cluster, observer, SETTLE_SECONDS, EVERYBODY)
        observer.check_settled()
        observer.history.check_acknowledged(people.acknowledged)
    except BrokenPromiseError as error:
        history = "\n  ".join(people.log)
        raise BrokenPromiseError(f"seed {seed}: {error}\nwhat people did:\n  {history}") from error


def wake(cluster: Cluster, observer: Observer, people: People, saboteur: Saboteur) -> Cluster:
    """The cluster after a sleep: only etcd and the time are left of it, and the faults that were in force."""
    people.log.append("the cluster sleeps, and wakes")
    before = list(cluster.faults.active)
    again = Cluster(cluster.config, cluster.snapshot())
    if sorted(again.faults.active) != sorted(before):
        raise BrokenPromiseError(f"faults before the sleep: {before}, after it: {list(again.faults.active)}")
    saboteur.cluster, people.client = again, again.client("kubectl")
    observer.attach(again)
    return again


def simulate_restore(seed: int) -> None:
    """A history whose data are taken back to an earlier moment: everything settles where that was."""
    dice = random.Random(seed)
    cluster = Cluster(ClusterConfig(seed=seed, registry="catalogue", start_seconds=1.0))
    people = People(cluster.client("kubectl"), dice)
    observer = Observer(cluster, people.orphaned, revocable=True)
    for deed in range(DEEDS):
        people.act()
        cluster.run_for(dice.choice([0.2, 1, 4, 30]))
        if deed == DEEDS // 2:
            saved = cluster.etcd_snapshot()
            people.log.append("etcd is saved")
    cluster.etcd_restore(saved)
    people.log.append("etcd is restored")
    try:
        run_quietly(cluster, observer, AFTERMATH_SECONDS, EVERYBODY)
        people.repair()
        run_quietly(cluster, observer, SETTLE_SECONDS, EVERYBODY)
        observer.check_settled()
        wanted = {item.key for item in saved.items if item.key.startswith(WORKLOADS)}
        found = {item.key for item in cluster.store.snapshot().items if item.key.startswith(WORKLOADS)}
        if wanted != found:
            raise BrokenPromiseError(f"{sorted(wanted)} were saved, {sorted(found)} are there")
    except BrokenPromiseError as error:
        history = "\n  ".join(people.log)
        raise BrokenPromiseError(f"seed {seed}: {error}\nwhat people did:\n  {history}") from error


def run_quietly(cluster: Cluster, observer: Observer, seconds: float, disturbed: set[str]) -> None:
    """Lets time pass, and looks whenever nobody wants a turn."""
    end_us = cluster.clock.now_us + round(seconds * SECOND_US)
    for _ in range(MAX_STEPS):
        if not len(cluster.turns):
            observer.check(disturbed)
            due_us = cluster.clock.next_timer_us()
            if due_us is None or due_us > end_us:
                cluster.clock.advance_to(end_us)
                return
        cluster.step()
    raise BrokenPromiseError(f"the cluster does not come to rest: {MAX_STEPS} steps in {seconds} s")
