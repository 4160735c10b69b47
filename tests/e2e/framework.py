"""What the scenarios share: clients, a namespace, waiting, watching, commands in containers."""

from __future__ import annotations

import secrets
import shlex
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException

from tests.api.real import Run, Server

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"
HTTPD = "registry.k8s.io/e2e-test-images/httpd:2.4.38-4"
NEW_HTTPD = "registry.k8s.io/e2e-test-images/httpd:2.4.39-4"
NGINX = "registry.k8s.io/e2e-test-images/nginx:1.14-4"
PAUSE = "registry.k8s.io/pause:3.10"
BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1"
WEBSERVER = "httpd"

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
# Virtual seconds: how long a pod may take to start, and how long anything else may take.
POD_START_SECONDS = 300.0
LONG_SECONDS = 600.0
# However fast virtual time goes, the machine itself needs some real seconds.
LEAST_REAL_SECONDS = 20.0

T = TypeVar("T")


class Framework:
    """One server, the official client for it, and the namespace of the present scenario."""

    def __init__(self, server: Server, speed: float) -> None:
        self.server = server
        self.speed = speed
        self.api_client = config.new_client_from_config(config_file=str(server.kubeconfig))
        self.core = client.CoreV1Api(self.api_client)
        self.apps = client.AppsV1Api(self.api_client)
        self.storage = client.StorageV1Api(self.api_client)
        self.batch = client.BatchV1Api(self.api_client)
        self.policy = client.PolicyV1Api(self.api_client)
        self._dynamic: Any = None
        self.ns = ""

    @property
    def dynamic(self) -> Any:
        if self._dynamic is None:
            self._dynamic = dynamic.DynamicClient(self.api_client)
        return self._dynamic

    # Before and after. Follows test/e2e/e2e.go (setupSuite) and test/e2e/framework/framework.go.

    def before_suite(self) -> None:
        version = client.VersionApi(self.api_client).get_code()
        assert (version.major, version.minor) == ("1", "32")
        self.eventually(lambda: self.schedulable_nodes() or None)
        for pod in self.core.list_namespaced_pod("kube-system").items:
            self.eventually(
                lambda name=pod.metadata.name: is_ready(self.core.read_namespaced_pod(name, "kube-system")),
                "a pod of the system is ready",
            )
        for daemons in self.apps.list_namespaced_daemon_set("kube-system").items:
            assert daemons.status.number_ready == daemons.status.desired_number_scheduled
        assert self.core.read_namespaced_service("kubernetes", "default").spec.cluster_ip
        # As an administrator would: the scenarios with volumes need a class for claims that name none.
        default = {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}
        self.storage.patch_storage_class("standard", default)

    def schedulable_nodes(self) -> list[Any]:
        nodes = self.core.list_node(field_selector="spec.unschedulable=false", resource_version="0").items
        for node in nodes:
            conditions = {condition.type: condition.status for condition in node.status.conditions}
            assert conditions["Ready"] == "True"
            assert conditions.get("NetworkUnavailable", "False") == "False"
            assert not [taint for taint in node.spec.taints or () if taint.effect in ("NoSchedule", "NoExecute")]
        return list(nodes)

    def before_each(self, name: str, level: str = "privileged") -> None:
        run = secrets.token_hex(4)
        labels = {"e2e-framework": name, "e2e-run": run, "pod-security.kubernetes.io/enforce": level}
        metadata = {"generateName": f"{name.replace('_', '-')}-", "labels": labels}
        self.ns = self.core.create_namespace({"metadata": metadata}).metadata.name
        self.eventually(lambda: self.read(self.core.read_namespaced_service_account, "default"), "a service account")
        self.eventually(lambda: self.read(self.core.read_namespaced_config_map, "kube-root-ca.crt"), "the root's CA")

    def after_each(self) -> None:
        namespace, self.ns = self.ns, ""
        self.core.list_namespaced_event(namespace)
        self.core.delete_namespace(namespace)
        self.eventually(lambda: self.read(self.core.read_namespace, namespace, namespaced=False) is None, "its end")
        assert len(self.schedulable_nodes()) == 3

    # Waiting.

    def seconds(self, virtual_seconds: float) -> float:
        return virtual_seconds / self.speed

    def sleep(self, virtual_seconds: float) -> None:
        time.sleep(self.seconds(virtual_seconds))

    def eventually(self, look: Callable[[], T], what: str = "", seconds: float = LONG_SECONDS) -> T:
        """What `look` gives once that is true. `seconds` are virtual."""
        end = time.monotonic() + max(self.seconds(seconds), LEAST_REAL_SECONDS)
        while True:
            found = look()
            if found:
                return found
            assert time.monotonic() < end, f"{what or look}: {found}"
            time.sleep(min(self.seconds(1.0), 0.1))

    def throughout(self, seconds: float, look: Callable[[], bool]) -> None:
        """It is true all the time, for so many virtual seconds."""
        end = time.monotonic() + self.seconds(seconds)
        while time.monotonic() < end:
            assert look()
            time.sleep(0.05)

    def until(
        self,
        list_: Callable[..., Any],
        condition: Callable[[str, Any], bool],
        resource_version: str,
        seconds: float = LONG_SECONDS,
        **selectors: str,
    ) -> Any:
        """Watches from a version on, until an event is the one; its object."""
        real_seconds = max(self.seconds(seconds), LEAST_REAL_SECONDS)
        stream = watch.Watch()
        end = time.monotonic() + real_seconds
        while time.monotonic() < end:
            events: Iterable[Any] = stream.stream(
                list_,
                self.ns,
                resource_version=resource_version,
                timeout_seconds=max(1, int(end - time.monotonic())),
                **selectors,
            )
            for event in events:
                resource_version = event["object"].metadata.resource_version
                if condition(event["type"], event["object"]):
                    stream.stop()
                    return event["object"]
        raise AssertionError("the event did not come")

    def read(self, read: Callable[..., T], name: str, *, namespaced: bool = True) -> T | None:
        """An object, or None where it is not there."""
        try:
            return read(name, self.ns) if namespaced else read(name)
        except ApiException as error:
            if error.status != 404:
                raise
            return None

    def update(
        self, read: Callable[..., Any], replace: Callable[..., Any], name: str, change: Callable[[Any], Any]
    ) -> Any:
        """Reads, changes and writes, again where somebody else was faster."""
        for _ in range(100):
            obj = read(name, self.ns)
            change(obj)
            try:
                return replace(name, self.ns, obj)
            except ApiException as error:
                if error.status != 409:
                    raise
        raise AssertionError(f"{name} is changed by others all the time")

    # Commands.

    def kubectl(self, arguments: str) -> Run:
        return self.server.run(f"kubectl --namespace={self.ns} {arguments}")

    def run_in(self, pod: str, command: str, *, gone: bool = False) -> str:
        """What a shell command in a pod prints; with `gone` the pod may have gone by now.

        Follows RunHostCmdWithRetries of framework/pod/output.
        """
        ran = self.kubectl(f"exec {pod} -- /bin/sh -x -c {shlex.quote(command)}")
        if gone and (f'pods "{pod}" not found' in ran.stderr or "container not found" in ran.stderr):
            return ""
        assert ran.code == 0, ran
        return ran.stdout

    # Pods.

    def pods(self, **labels: str) -> list[Any]:
        selector = ",".join(f"{name}={value}" for name, value in labels.items())
        return list(self.core.list_namespaced_pod(self.ns, label_selector=selector).items)

    def wait_for_pods_running(self, count: int, **labels: str) -> list[Any]:
        """So many pods, all of them running and ready."""

        def look() -> list[Any] | None:
            pods = [pod for pod in self.pods(**labels) if pod.metadata.deletion_timestamp is None]
            return pods if len(pods) == count and all(is_ready(pod) for pod in pods) else None

        return self.eventually(look, f"{count} pods with {labels} run", POD_START_SECONDS) or []

    def wait_for_pod_running(self, name: str) -> Any:
        def look() -> Any:
            pod = self.core.read_namespaced_pod(name, self.ns)
            return pod if pod.status.phase == "Running" else None

        return self.eventually(look, f"{name} runs", POD_START_SECONDS)

    def proxied(self, pod: str, path: str = "", port: int | None = None) -> str:
        """What a pod's server answers through the API server."""
        name = pod if port is None else f"{pod}:{port}"
        response = self.core.connect_get_namespaced_pod_proxy_with_path(
            name, self.ns, path, _preload_content=False
        ) if path else self.core.connect_get_namespaced_pod_proxy(name, self.ns, _preload_content=False)  # fmt: skip
        return str(response.data.decode())


def is_ready(pod: Any) -> bool:
    conditions = {condition.type: condition.status for condition in pod.status.conditions or ()}
    return pod.status.phase == "Running" and conditions.get("Ready") == "True"


def controller_of(obj: Any) -> Any:
    """The owner that controls an object, or None."""
    return next((owner for owner in obj.metadata.owner_references or () if owner.controller), None)
