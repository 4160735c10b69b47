"""What the scenarios of Deployments and ReplicaSets share. Follows test/e2e/framework/{deployment,replicaset,pod}."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.e2e.framework import POD_START_SECONDS, Framework, controller_of

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


def deployment(
    name: str,
    replicas: int,
    labels: dict[str, str],
    container: str,
    image: str,
    strategy: str = "RollingUpdate",
    **spec: Any,
) -> dict[str, Any]:
    """A Deployment whose pods end at once when they are deleted."""
    pod = {"terminationGracePeriodSeconds": 0, "containers": [{"name": container, "image": image}]}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {"type": strategy},
            "template": {"metadata": {"labels": labels}, "spec": pod},
            **spec,
        },
    }


def replica_set(name: str, replicas: int, labels: dict[str, str], container: str, image: str) -> dict[str, Any]:
    pod = {"terminationGracePeriodSeconds": 0, "containers": [{"name": container, "image": image}]}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


class Deployments:
    """One Deployment of a scenario, by name."""

    def __init__(self, f: Framework, name: str) -> None:
        self.f = f
        self.name = name

    def create(self, body: dict[str, Any]) -> Any:
        return self.f.apps.create_namespaced_deployment(self.f.ns, body)

    def get(self) -> Any:
        return self.f.apps.read_namespaced_deployment(self.name, self.f.ns)

    def update(self, change: Callable[[Any], Any]) -> Any:
        apps = self.f.apps
        return self.f.update(apps.read_namespaced_deployment, apps.replace_namespaced_deployment, self.name, change)

    def set_image(self, container: str, image: str) -> Any:
        def change(found: Any) -> None:
            first = found.spec.template.spec.containers[0]
            first.name, first.image = container, image

        return self.update(change)

    def replica_sets(self) -> list[Any]:
        """Those that it owns, by revision."""
        uid = self.get().metadata.uid
        found = [
            item
            for item in self.f.apps.list_namespaced_replica_set(self.f.ns).items
            if (owner := controller_of(item)) is not None and owner.uid == uid
        ]
        return sorted(found, key=lambda item: int((item.metadata.annotations or {}).get(REVISION, "0")))

    def new_replica_set(self) -> Any:
        """The one with the present template, or None."""
        template = self.get().spec.template
        for item in self.replica_sets():
            labels = {key: value for key, value in item.spec.template.metadata.labels.items() if key != HASH}
            if item.spec.template.spec == template.spec and labels == template.metadata.labels:
                return item
        return None

    def old_replica_sets(self) -> list[Any]:
        new = self.new_replica_set()
        return [item for item in self.replica_sets() if new is None or item.metadata.uid != new.metadata.uid]

    # Waiting.

    def wait_for(self, what: str, holds: Callable[[Any], bool]) -> Any:
        def look() -> Any:
            found = self.get()
            return found if holds(found) else None

        return self.f.eventually(look, what)

    def wait_for_revision(self, revision: str, image: str) -> None:
        """The Deployment and its new ReplicaSet are of that revision, with that image."""

        def holds(found: Any) -> bool:
            new = self.new_replica_set()
            return (
                (found.metadata.annotations or {}).get(REVISION) == revision
                and new is not None
                and new.metadata.annotations.get(REVISION) == revision
                and new.spec.template.spec.containers[0].image == image
            )

        self.wait_for(f"revision {revision} with {image}", holds)

    def wait_until_complete(self, *, rolling: bool = False) -> None:
        """All are new and available; with `rolling` it never has too few or too many meanwhile."""

        def holds(found: Any) -> bool:
            status, wanted = found.status, found.spec.replicas
            if rolling:
                limits = found.spec.strategy.rolling_update
                assert (status.available_replicas or 0) >= wanted - int(limits.max_unavailable)
                assert (status.replicas or 0) <= wanted + int(limits.max_surge)
            counts = (status.updated_replicas or 0, status.replicas or 0, status.available_replicas or 0)
            return counts == (wanted,) * 3 and (status.observed_generation or 0) >= found.metadata.generation

        self.wait_for("the Deployment is complete", holds)

    def wait_until_observed(self) -> None:
        generation = self.get().metadata.generation
        self.wait_for("the generation is observed", lambda d: (d.status.observed_generation or 0) >= generation)

    # The end.

    def delete_with_all(self) -> None:
        """Follows DeleteResourceAndWaitForGC: in the background, until nothing is left."""
        labels = self.get().spec.selector.match_labels
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        self.f.apps.delete_namespaced_deployment(self.name, self.f.ns, propagation_policy="Background")
        self.f.eventually(lambda: self.f.read(self.f.apps.read_namespaced_deployment, self.name) is None, "its end")
        self.f.eventually(
            lambda: not self.f.apps.list_namespaced_replica_set(self.f.ns, label_selector=selector).items,
            "the end of its ReplicaSets",
        )
        self.f.eventually(lambda: not self.f.pods(**labels), "the end of its pods")


def wait_for_replicas(f: Framework, name: str, replicas: int, field: str = "spec") -> Any:
    """A ReplicaSet has so many: wanted (`spec`), or in a field of its status."""

    def look() -> Any:
        found = f.apps.read_namespaced_replica_set(name, f.ns)
        if (found.status.observed_generation or 0) < found.metadata.generation:
            return None
        count = found.spec.replicas if field == "spec" else getattr(found.status, field) or 0
        return found if count == replicas else None

    return f.eventually(look, f"{name} has {replicas} ({field})", POD_START_SECONDS)
