"""What one reconcile of a Deployment works on: the Deployment as it is now, its ReplicaSets, hands to change them."""

from __future__ import annotations

from dataclasses import dataclass, field

from cluster_engine.apimachinery.meta import Obj, key_of
from cluster_engine.client.client import Client
from cluster_engine.client.controller import ControllerContext
from cluster_engine.client.informer import Informer
from cluster_engine.controllers.common.waits import Waits
from cluster_engine.controllers.deployment.util import status_of


@dataclass(slots=True)
class Rollout:
    """Lives for one sync. `d` moves on with each write of the Deployment; the ReplicaSets stay as they were read."""

    context: ControllerContext
    replica_sets: Informer
    waits: Waits
    d: Obj
    rs_list: list[Obj]
    new_rs: Obj | None = None
    old_rss: list[Obj] = field(default_factory=list)
    # When the progress should be looked at again, in seconds; 0 means at once, with back-off.
    check_after_seconds: float | None = None

    @property
    def client(self) -> Client:
        return self.context.client

    @property
    def all_rss(self) -> list[Obj | None]:
        return [*self.old_rss, self.new_rs]

    @property
    def name(self) -> str:
        return self.d["metadata"]["name"]  # type: ignore[no-any-return]

    def now(self) -> str:
        return self.context.clock.rfc3339()

    def note(self, text: str) -> None:
        self.context.trace.note(text)

    def wait(self, text: str) -> None:
        """Says what the rollout waits for, once."""
        self.waits.note(key_of(self.d), text)

    def event(self, type_: str, reason: str, message: str) -> None:
        self.context.recorder.event(self.d, type_, reason, message)

    def update_status(self, d: Obj, status: Obj) -> None:
        """Writes the Deployment's status, and with it what has changed of its annotations."""
        self.d = self.client.update_status("deployments.apps", {**d, "status": status})

    def set_status(self, **changes: object) -> None:
        """Writes some fields of the status."""
        self.update_status(self.d, {**status_of(self.d), **changes})
