"""`python -m bench.profile`: where the CPU goes while a Deployment of 500 is created and rolled."""

from __future__ import annotations

import cProfile
import gc
import pstats
import time
from collections import Counter

from bench.engine import BIG_NODES, Rollout
from cluster_engine.client.component import Component
from cluster_engine.cluster import Cluster

REPLICAS = 500
MOST_LINES = 14


def main() -> None:
    print(
        f"CPU by component, creating and rolling {REPLICAS} replicas:\n\n| component | create | roll |\n|---|---|---|"
    )
    shares = by_component()
    for name in sorted({name for share in shares.values() for name in share}, key=lambda n: -shares["roll"][n]):
        create, roll = (shares[verb][name] for verb in ("create", "roll"))
        if max(create, roll) >= 0.01:
            print(f"| {name} | {create:.0%} | {roll:.0%} |")
    print("\nCPU by package, and the functions that take most of it by themselves (cProfile, create and roll):\n")
    packages, functions = by_function()
    for name, share in packages.most_common(MOST_LINES):
        print(f"  {share:6.1%} {name}")
    print()
    for name, share in functions.most_common(MOST_LINES):
        print(f"  {share:6.1%} {name}")


def by_component() -> dict[str, Counter[str]]:
    """The share of each component in the CPU of creating and of rolling, with all that it asks the API server for."""
    spent: Counter[str] = Counter()
    take_turn = Component.take_turn

    def timed(component: Component) -> None:
        start = time.process_time()
        take_turn(component)
        spent["kubelets" if component.name.startswith("kubelet ") else component.name] += time.process_time() - start

    shares: dict[str, Counter[str]] = {}
    rollout = _ready()
    Component.take_turn = timed  # type: ignore[method-assign]
    try:
        for verb, image in rollout.steps():
            spent.clear()
            start = time.process_time()
            rollout.run(verb, image)
            whole = time.process_time() - start
            spent["timers and the bench itself"] = whole - spent.total()
            shares[verb] = Counter({name: seconds / whole for name, seconds in spent.items()})
    finally:
        Component.take_turn = take_turn  # type: ignore[method-assign]
    return shares


def by_function() -> tuple[Counter[str], Counter[str]]:
    """The share of each package, and of each function, in the time of both, without what they call."""
    rollout, profile = _ready(), cProfile.Profile()
    profile.enable()
    for verb, image in rollout.steps():
        rollout.run(verb, image)
    profile.disable()
    packages: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    whole = sum(own for _, _, own, _, _ in stats.values())
    for (path, line, function), (_, _, own, _, _) in stats.items():
        _, found, inside = path.partition("cluster_engine/")
        packages[inside.partition("/")[0].removesuffix(".py") if found else "Python"] += own / whole
        functions[f"{inside}:{line} {function}" if found else function] += own / whole
    return packages, functions


def _ready() -> Rollout:
    cluster = Cluster(BIG_NODES)
    cluster.run_for(5)
    gc.collect()
    return Rollout(cluster, REPLICAS)


if __name__ == "__main__":
    main()
