"""Memory that one more idle cluster costs. Run in a process of its own, where no freed memory can be reused."""

from __future__ import annotations

import gc
import resource
import sys

from cluster_engine.cluster import Cluster

CLUSTERS = 50


def _resident_mb() -> float:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 1e6


def _idle_cluster() -> Cluster:
    cluster = Cluster()
    cluster.run_for(5)
    return cluster


def main() -> None:
    clusters = [_idle_cluster() for _ in range(5)]  # what clusters share is loaded by the first
    gc.collect()
    before = _resident_mb()
    clusters += [_idle_cluster() for _ in range(CLUSTERS)]
    gc.collect()
    sys.stdout.write(f"{(_resident_mb() - before) / CLUSTERS:.4f}\n")


if __name__ == "__main__":
    main()
