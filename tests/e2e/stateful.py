"""What the scenarios of StatefulSets share. Follows test/e2e/framework/statefulset and test/e2e/apps/wait.go."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.e2e.framework import HTTPD, POD_START_SECONDS, Framework, is_ready

SERVICE = "test"
LABELS = {"foo": "bar", "baz": "blah"}
REVISION = "controller-revision-hash"
INDEX_HTML = "/usr/local/apache2/htdocs/index.html"
HTTP_PROBE = {
    "httpGet": {"path": "/index.html", "port": 80},
    "periodSeconds": 1,
    "successThreshold": 1,
    "failureThreshold": 1,
}
PAUSE_PROBE = {
    "exec": {"command": ["test", "-f", "/data/statefulset-continue"]},
    "periodSeconds": 1,
    "successThreshold": 1,
    "failureThreshold": 1,
}


def headless_service() -> dict[str, Any]:
    spec = {"selector": LABELS, "clusterIP": "None", "ports": [{"port": 80, "name": "http", "protocol": "TCP"}]}
    return {"metadata": {"name": SERVICE}, "spec": spec}


def stateful_set(
    name: str,
    replicas: int,
    *,
    volumes: bool = False,
    probe: dict[str, Any] | None = None,
    labels: dict[str, str] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """A StatefulSet of web servers; with `volumes` each has a claim and a folder of its node."""
    container: dict[str, Any] = {"name": "webserver", "image": HTTPD}
    pod: dict[str, Any] = {"containers": [container]}
    if probe is not None:
        container["readinessProbe"] = probe
    if volumes:
        container["volumeMounts"] = [
            {"name": "datadir", "mountPath": "/data/"},
            {"name": "home", "mountPath": "/home"},
        ]
        pod["volumes"] = [{"name": "home", "hostPath": {"path": "/tmp/home"}}]
        # One byte, as little as can be asked for.
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1"}}}
        spec["volumeClaimTemplates"] = [{"metadata": {"name": "datadir"}, "spec": claim}]
    labels = labels or LABELS
    return {
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "replicas": replicas,
            "template": {"metadata": {"labels": labels}, "spec": pod},
            "updateStrategy": {"type": "RollingUpdate"},
            "serviceName": SERVICE,
            **spec,
        },
    }


def rolling(partition: int) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}


def ordinal(pod: Any) -> int:
    return int(pod.metadata.name.rpartition("-")[2])


class Sets:
    """One StatefulSet of a scenario, by name."""

    def __init__(self, f: Framework, name: str, labels: dict[str, str] | None = None) -> None:
        self.f = f
        self.name = name
        self.labels = labels or LABELS

    def create(self, body: dict[str, Any]) -> Any:
        return self.f.apps.create_namespaced_stateful_set(self.f.ns, body)

    def get(self) -> Any:
        return self.f.apps.read_namespaced_stateful_set(self.name, self.f.ns)

    def update(self, change: Callable[[Any], Any]) -> Any:
        apps = self.f.apps
        return self.f.update(apps.read_namespaced_stateful_set, apps.replace_namespaced_stateful_set, self.name, change)

    def pods(self) -> list[Any]:
        return sorted(self.f.pods(**self.labels), key=ordinal)

    # Waiting.

    def wait_for_running(self, running: int, ready: int) -> None:
        """So many pods run, and the first ones of them are ready. More pods than that are a failure at once."""

        def look() -> bool:
            pods = self.pods()
            assert len(pods) <= running, [pod.metadata.name for pod in pods]
            return len(pods) == running and all(
                pod.status.phase == "Running" and is_ready(pod) == (ordinal(pod) < ready) for pod in pods
            )

        self.f.eventually(look, f"{running} pods of {self.name} run, {ready} are ready")

    def wait_for_ready(self, count: int) -> None:
        self.wait_for_running(count, count)

    def wait_for_not_ready(self, count: int) -> None:
        self.wait_for_running(count, 0)

    def wait_for(self, what: str, holds: Callable[[Any, list[Any]], bool]) -> tuple[Any, list[Any]]:
        def look() -> tuple[Any, list[Any]] | None:
            found, pods = self.get(), self.pods()
            return (found, pods) if holds(found, pods) else None

        found = self.f.eventually(look, what)
        assert found is not None
        return found

    def wait_for_status(self, generation: int | None = None) -> Any:
        """The controller has seen what is wanted now."""
        wanted = generation or self.get().metadata.generation
        return self.wait_for("the status is of today", lambda s, _: (s.status.observed_generation or 0) >= wanted)[0]

    def wait_for_count(self, field: str, count: int) -> None:
        """`status.<field>` is a number."""
        generation = self.get().metadata.generation

        def holds(found: Any, pods: list[Any]) -> bool:
            if (found.status.observed_generation or 0) < generation:
                return False
            return (getattr(found.status, field) or 0) == count

        self.wait_for(f"{field} is {count}", holds)

    def wait_for_pod(self, name: str, *, ready: bool) -> None:
        self.wait_for(
            f"{name} is ready: {ready}",
            lambda _, pods: any(pod.metadata.name == name and is_ready(pod) is ready for pod in pods),
        )

    def wait_for_rolling_update(self) -> tuple[Any, list[Any]]:
        """Every pod is of the new revision, and so is the set."""

        def holds(found: Any, pods: list[Any]) -> bool:
            status = found.status
            return len(pods) == found.spec.replicas and status.update_revision == status.current_revision and all(
                is_ready(pod) and pod.metadata.labels[REVISION] == status.update_revision for pod in pods
            )  # fmt: skip

        return self.wait_for("the update is complete", holds)

    def wait_for_partitioned_update(self) -> tuple[Any, list[Any]]:
        """The pods from the partition on are of the new revision, and all are ready."""

        def holds(found: Any, pods: list[Any]) -> bool:
            partition = found.spec.update_strategy.rolling_update.partition
            if (found.status.observed_generation or 0) < found.metadata.generation:
                return False
            if partition <= 0 and found.status.update_revision != found.status.current_revision:
                return False
            return len(pods) == found.spec.replicas and all(
                is_ready(pod)
                and (ordinal(pod) < partition or pod.metadata.labels[REVISION] == found.status.update_revision)
                for pod in pods
            )

        return self.wait_for("the update has come to the partition", holds)

    def confirm_count(self, count: int, seconds: float, *, hard: bool) -> None:
        """For so many virtual seconds there are so many pods; without `hard` it may take them to get there."""
        if hard:
            self.f.throughout(seconds, lambda: len(self.pods()) == count)
        else:
            self.f.eventually(lambda: len(self.pods()) == count, f"{count} pods of {self.name}")

    # Doing.

    def scale_to(self, count: int) -> None:
        self.update(lambda found: setattr(found.spec, "replicas", count))

    def scale(self, count: int) -> None:
        self.scale_to(count)
        self.f.eventually(lambda: len(self.pods()) == count, f"{self.name} is scaled to {count}")

    def restart(self) -> None:
        before = self.get().spec.replicas
        self.scale(0)
        self.wait_for_count("replicas", 0)
        self.scale_to(before)

    def run_in_all(self, command: str) -> dict[str, str]:
        return {pod.metadata.name: self.f.run_in(pod.metadata.name, command) for pod in self.pods()}

    def check_mount(self, path: str) -> None:
        for command in (f"ls -idlh {path}", f"find {path}", f"touch {path}/{time.time_ns()}"):
            self.run_in_all(command)

    def resume_next_pod(self) -> None:
        """Lets the one pod that waits for its file go on."""
        paused = [pod for pod in self.pods() if not is_ready(pod)]
        assert all(pod.status.phase == "Running" for pod in self.pods())
        assert len(paused) <= 1
        for pod in paused:
            self.f.run_in(pod.metadata.name, "dd if=/dev/zero of=/data/statefulset-continue bs=1 count=1 conv=fsync")

    def saturate(self) -> None:
        for index in range(self.get().spec.replicas):
            self.wait_for_running(index + 1, index)
            self.resume_next_pod()

    def break_probe(self, *pods: str) -> None:
        for name in pods or [pod.metadata.name for pod in self.pods()]:
            self.f.run_in(name, f"mv -v {INDEX_HTML} /tmp/ || true")

    def restore_probe(self, *pods: str) -> None:
        # A set that is being scaled down goes on as soon as the first ones are well.
        for name in pods or [pod.metadata.name for pod in self.pods()]:
            self.f.run_in(name, "mv -v /tmp/index.html /usr/local/apache2/htdocs/ || true", gone=True)

    def delete_pod_at(self, index: int) -> None:
        self.f.core.delete_namespaced_pod(f"{self.name}-{index}", self.f.ns, grace_period_seconds=0)

    def claims(self) -> list[Any]:
        return list(self.f.core.list_namespaced_persistent_volume_claim(self.f.ns).items)

    def clean_up(self) -> None:
        """As the scenarios end: scaled down, deleted, and with no volume left of it."""
        if self.f.read(self.f.apps.read_namespaced_stateful_set, self.name) is not None:
            self.scale(0)
            self.wait_for_count("replicas", 0)
            self.f.apps.delete_namespaced_stateful_set(self.name, self.f.ns, orphan_dependents=False)
        volumes = {claim.spec.volume_name for claim in self.claims()}
        for claim in self.claims():
            self.f.core.delete_namespaced_persistent_volume_claim(claim.metadata.name, self.f.ns)
        self.f.eventually(
            lambda: not volumes & {volume.metadata.name for volume in self.f.core.list_persistent_volume().items},
            "the volumes are gone",
            POD_START_SECONDS,
        )


def images_and_revisions(pods: list[Any]) -> list[tuple[str, str]]:
    return [(pod.spec.containers[0].image, pod.metadata.labels[REVISION]) for pod in pods]
