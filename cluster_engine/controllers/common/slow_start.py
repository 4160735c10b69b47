"""Batches that start small and double, so that a refusal that would meet them all is met by a few."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.apimachinery.errors import ApiError

SLOW_START_INITIAL_BATCH_SIZE = 1


def slow_start_batch(count: int, action: Callable[[], object]) -> tuple[int, ApiError | None]:
    """Calls `action` up to `count` times in batches of 1, 2, 4, 8…; a batch with a refusal is the last.

    Returns how many calls succeeded, and the first refusal. Within its batch every call is made, as in Kubernetes where
    a batch runs at once. Follows slowStartBatch of pkg/controller/replicaset/replica_set.go.
    """
    remaining = count
    successes = 0
    batch = min(remaining, SLOW_START_INITIAL_BATCH_SIZE)
    while batch > 0:
        refusal: ApiError | None = None
        for _ in range(batch):
            try:
                action()
            except ApiError as error:
                refusal = refusal or error
            else:
                successes += 1
        if refusal is not None:
            return successes, refusal
        remaining -= batch
        batch = min(2 * batch, remaining)
    return successes, None
