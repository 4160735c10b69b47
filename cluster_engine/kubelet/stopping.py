"""The end of a running container: its preStop hook, SIGTERM, the grace period, SIGKILL.

Follows pkg/kubelet/kuberuntime/kuberuntime_container.go (killContainer).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from cluster_engine.kubelet import hooks
from cluster_engine.kubelet.errands import Outcome
from cluster_engine.kubelet.runtime import KILLED_EXIT_CODE

if TYPE_CHECKING:
    from cluster_engine.kubelet.interfaces import Sandbox
    from cluster_engine.kubelet.runtime import Container

# Who has used up the grace period in the hook still gets this much.
MINIMUM_GRACE_SECONDS = 2.0
Exit = Callable[["Container", int], None]


def needs_world(worker: Sandbox, container: Container) -> bool:
    """Whether its end has to be played through: its command is run, or it has a hook that does something."""
    hook = hooks.hook_of(container.spec, "preStop")
    return container.eager or worker.inside.of(container) is not None or bool(hook and "sleep" not in hook)


def stop(worker: Sandbox, container: Container, grace_seconds: float, exit_: Exit) -> None:
    """Ends a container within its grace period. `exit_` is called for one that does not end by itself."""
    end_us = worker.now_us + round(grace_seconds * 1_000_000)
    worker.plan(grace_seconds, partial(exit_, container, KILLED_EXIT_CODE), f"kill of {container.name}", container)
    if hooks.hook_of(container.spec, "preStop") is None or grace_seconds <= 0:
        _ask(worker, container, exit_)
        return

    def after_hook(outcome: Outcome) -> None:
        if container.state != "running":
            return
        if not outcome.success:
            worker.event("Warning", "FailedPreStopHook", "PreStopHook failed", container)
        if worker.now_us >= end_us - round(MINIMUM_GRACE_SECONDS * 1_000_000):
            worker.plan(
                MINIMUM_GRACE_SECONDS,
                partial(exit_, container, KILLED_EXIT_CODE),
                f"kill of {container.name}",
                container,
            )
        _ask(worker, container, exit_)

    hooks.run(worker, container, "preStop", after_hook)


def _ask(worker: Sandbox, container: Container, exit_: Exit) -> None:
    """SIGTERM. One that runs hears it; of the others it is known what they do."""
    if container.hung:
        return
    if worker.inside.of(container) is not None:
        # What nobody has looked at for a while is brought to the present, or it would hear the signal in the past.
        worker.inside.run()
    own = worker.inside.of(container)
    if own is not None:
        own.ask_to_stop()
        worker.inside.run()
        return
    seconds = container.stops_after_seconds
    if seconds is not None:
        action = partial(exit_, container, container.stop_exit_code)
        worker.plan(worker.jitter(seconds), action, f"stop of {container.name}", container)
