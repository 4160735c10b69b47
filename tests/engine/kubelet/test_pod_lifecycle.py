"""Pods on their node: how they start, run, fail, restart and end, in a whole cluster."""

from __future__ import annotations

import pytest

from cluster_engine.kubelet.runtime import AddressPool
from tests.engine.cluster_tools import Playground


@pytest.fixture
def playground() -> Playground:
    return Playground(nodes=1)


def phase(playground: Playground, pod: str = "p") -> str:
    return str(playground.get("pods", pod)["status"]["phase"])


def waiting(playground: Playground, pod: str = "p") -> dict[str, str]:
    found: dict[str, str] = playground.container(pod)["state"]["waiting"]
    return found


def reasons(playground: Playground, pod: str = "p") -> list[str]:
    return [reason for reason, _ in playground.events(pod)]


def test_the_node_registers_once_with_its_addresses_and_capacity(playground):
    node = playground.get("nodes", "k8s-node01")
    assert node["spec"] == {"podCIDR": "10.244.0.0/24", "podCIDRs": ["10.244.0.0/24"]}
    assert node["status"]["addresses"] == [
        {"address": "192.168.0.10", "type": "InternalIP"},
        {"address": "k8s-node01", "type": "Hostname"},
    ]
    assert node["status"]["allocatable"]["cpu"] == "4"
    assert [(c["type"], c["status"]) for c in node["status"]["conditions"]] == [
        ("MemoryPressure", "False"),
        ("DiskPressure", "False"),
        ("PIDPressure", "False"),
        ("Ready", "True"),
    ]
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.32.4"


def test_a_cluster_at_rest_has_no_timer_and_writes_nothing(playground):
    before = playground.cluster.revision
    playground.run(3600)
    assert playground.cluster.revision == before
    assert playground.cluster.next_due_us is None


def test_a_running_pod_needs_no_timer_either(playground):
    playground.pod(readinessProbe={"httpGet": {"port": 80}}, livenessProbe={"tcpSocket": {"port": 80}})
    playground.run(60)
    assert playground.container()["ready"] is True
    before = playground.cluster.revision
    playground.run(3000)
    assert playground.cluster.revision == before


def test_a_pod_is_creating_at_once_and_running_after_a_pull(playground):
    playground.pod()
    playground.run(0.1)
    assert phase(playground) == "Pending"
    assert playground.container() == {
        "image": "nginx:1.25",
        "imageID": "",
        "lastState": {},
        "name": "c",
        "ready": False,
        "restartCount": 0,
        "started": False,
        "state": {"waiting": {"reason": "ContainerCreating"}},
        "volumeMounts": playground.container()["volumeMounts"],
    }
    playground.run(4)
    status = playground.get("pods", "p")["status"]
    assert [(c["type"], c["status"]) for c in status["conditions"]] == [
        ("PodReadyToStartContainers", "True"),
        ("Initialized", "True"),
        ("Ready", "True"),
        ("ContainersReady", "True"),
        ("PodScheduled", "True"),
    ]
    assert (status["phase"], status["podIP"], status["podIPs"]) == ("Running", "10.244.0.2", [{"ip": "10.244.0.2"}])
    assert (status["hostIP"], status["hostIPs"]) == ("192.168.0.10", [{"ip": "192.168.0.10"}])
    container = playground.container()
    assert container["image"] == "docker.io/library/nginx:1.25"
    assert container["imageID"].startswith("docker.io/library/nginx@sha256:")
    assert container["containerID"].startswith("containerd://")
    assert (container["ready"], container["started"]) == (True, True)


def test_the_events_of_a_start_have_the_kubelets_words(playground):
    playground.pod()
    playground.run(5)
    events = playground.events("p")
    assert [reason for reason, _ in events] == ["Scheduled", "Pulling", "Pulled", "Created", "Started"]
    assert events[1][1] == 'Pulling image "nginx:1.25"'
    head, _, tail = events[2][1].partition(" in ")
    assert head == 'Successfully pulled image "nginx:1.25"'
    took = tail.split(" ")[0]
    assert tail.startswith(f"{took} ({took} including waiting). Image size: ")
    assert tail.endswith(" bytes.")
    assert events[3:] == [("Created", "Created container: c"), ("Started", "Started container c")]


def test_a_start_costs_two_writes_of_the_pods_status(playground):
    playground.pod()
    revisions: list[str] = []
    playground.cluster.store.on_commit(
        lambda commit: (
            revisions.append(commit.value["status"]["phase"])
            if commit.key == "/registry/pods/default/p" and commit.value["spec"].get("nodeName")
            else None
        )
    )
    playground.run(10)
    # The first is the binding.
    assert revisions == ["Pending", "Pending", "Running"]


def test_a_second_pod_finds_the_image_and_starts_faster(playground):
    def seconds_to_ready(name: str) -> float:
        start = playground.cluster.clock.now_us
        playground.pod(name)
        while not (playground.get("pods", name).get("status", {}).get("containerStatuses") or [{}])[0].get("ready"):
            playground.run(0.05)
        return (playground.cluster.clock.now_us - start) / 1e6

    first, second = seconds_to_ready("a"), seconds_to_ready("b")
    assert 1 <= first <= 3
    assert second < first
    assert playground.events("b")[1] == ("Pulled", 'Container image "nginx:1.25" already present on machine')


def test_pods_of_a_node_have_different_addresses_and_old_ones_are_not_used_at_once(playground):
    for name in ("a", "b"):
        playground.pod(name)
    playground.run(5)
    playground.client.delete("pods", "a", "default")
    playground.run(5)
    playground.pod("d")
    playground.run(5)
    assert [playground.get("pods", name)["status"]["podIP"] for name in ("b", "d")] == ["10.244.0.3", "10.244.0.4"]


def test_an_image_that_no_registry_has_fails_its_pull_and_backs_off(playground):
    playground.pod(image="nginx:nosuchtag")
    playground.run(2)
    full = "docker.io/library/nginx:nosuchtag"
    error = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{full}": failed to resolve '
        f'reference "{full}": '
        f"{full}: not found"
    )
    assert playground.events("p")[1:4] == [
        ("Pulling", 'Pulling image "nginx:nosuchtag"'),
        ("Failed", f'Failed to pull image "nginx:nosuchtag": {error}'),
        ("Failed", "Error: ErrImagePull"),
    ]
    playground.run(3)
    assert waiting(playground) == {
        "reason": "ImagePullBackOff",
        "message": f'Back-off pulling image "nginx:nosuchtag": ErrImagePull: {error}',
    }
    assert ("BackOff", 'Back-off pulling image "nginx:nosuchtag"') in playground.events("p")
    assert ("Failed", "Error: ImagePullBackOff") in playground.events("p")
    assert phase(playground) == "Pending"


def test_an_unknown_repository_is_denied(playground):
    playground.pod(image="mycompany/app:v1")
    playground.run(2)
    full = "docker.io/mycompany/app:v1"
    assert waiting(playground)["message"] == (
        f'rpc error: code = Unknown desc = failed to pull and unpack image "{full}": failed to resolve '
        f'reference "{full}": '
        "pull access denied, repository does not exist or may require authorization: server message: "
        "insufficient_scope: "
        "authorization failed"
    )


def test_a_malformed_image_name_is_invalid(playground):
    playground.pod(image="NGINX:1.25")
    playground.run(5)
    message = (
        'Failed to apply default image tag "NGINX:1.25": couldn\'t parse image name "NGINX:1.25": '
        "invalid reference format: "
        "repository name (library/NGINX) must be lowercase"
    )
    assert waiting(playground) == {"reason": "InvalidImageName", "message": message}
    assert playground.events("p")[1:] == [("InspectFailed", message), ("Failed", "Error: InvalidImageName")]


def test_a_pod_whose_image_is_put_right_starts(playground):
    playground.pod(image="nginx:nosuchtag")
    playground.run(5)
    patch = {"spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}
    playground.client.patch("pods", "p", patch, "default")
    playground.run(4)
    assert playground.container()["ready"] is True


def test_a_pull_policy_of_never_wants_the_image_to_be_there(playground):
    playground.pod(imagePullPolicy="Never")
    playground.run(5)
    message = 'Container image "nginx:1.25" is not present with pull policy of Never'
    assert waiting(playground) == {"reason": "ErrImageNeverPull", "message": message}


def test_a_container_without_a_command_that_lasts_completes_and_crash_loops(playground):
    playground.pod(image="busybox:1.36")
    playground.run(8)
    container = playground.container()
    uid = playground.get("pods", "p")["metadata"]["uid"]
    assert container["restartCount"] == 1
    assert container["lastState"]["terminated"]["reason"] == "Completed"
    assert container["lastState"]["terminated"]["exitCode"] == 0
    assert waiting(playground) == {
        "reason": "CrashLoopBackOff",
        "message": f"back-off 10s restarting failed container=c pod=p_default({uid})",
    }
    assert playground.events("p")[-1] == ("BackOff", f"Back-off restarting failed container c in pod p_default({uid})")
    assert phase(playground) == "Running"


def test_the_back_off_doubles_up_to_five_minutes(playground):
    playground.pod(image="busybox:1.36", command=["sh", "-c", "exit 3"])
    seen = []
    for _ in range(700):
        playground.run(2)
        state = playground.container()["state"].get("waiting", {})
        shown = state.get("message", "").split(" ")[0:2]
        if state.get("reason") == "CrashLoopBackOff" and (not seen or seen[-1] != shown[1]):
            seen.append(shown[1])
    assert seen == ["10s", "20s", "40s", "1m20s", "2m40s", "5m0s"]
    assert playground.container()["lastState"]["terminated"]["exitCode"] == 3
    assert playground.container()["lastState"]["terminated"]["reason"] == "Error"


def test_the_restart_policy_decides_how_a_pod_ends(playground):
    shell = {"image": "busybox:1.36"}
    playground.pod("ok", **shell, command=["sh", "-c", "echo hi; sleep 2"], spec={"restartPolicy": "OnFailure"})
    playground.pod("bad", **shell, command=["false"], spec={"restartPolicy": "Never"})
    playground.pod("again", **shell, command=["false"], spec={"restartPolicy": "OnFailure"})
    playground.run(15)
    assert [phase(playground, name) for name in ("ok", "bad", "again")] == ["Succeeded", "Failed", "Running"]
    assert playground.container("ok")["state"]["terminated"]["reason"] == "Completed"
    assert playground.container("bad")["state"]["terminated"]["exitCode"] == 1
    ready = playground.condition("pods", "ok", "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "PodCompleted")
    assert playground.container("again")["restartCount"] >= 1


def test_a_command_that_sleeps_ends_when_it_has_slept(playground):
    playground.pod(image="busybox:1.36", command=["sleep", "30"], spec={"restartPolicy": "Never"})
    playground.run(25)
    assert phase(playground) == "Running"
    playground.run(10)
    assert phase(playground) == "Succeeded"


def test_a_program_that_is_not_in_the_image_cannot_start(playground):
    playground.pod(command=["nosuchprogram"])
    playground.run(4)
    ended = playground.container()["lastState"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("StartError", 128)
    assert ended["message"] == (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc "
        "create failed: unable "
        'to start container process: error during container init: exec: "nosuchprogram": executable file not found in '
        "$PATH: unknown"
    )


def test_init_containers_run_one_after_another_before_the_others(playground):
    init = [{"name": f"init{index}", "image": "busybox:1.36", "command": ["sh", "-c", "sleep 5"]} for index in range(2)]
    playground.pod(spec={"initContainers": init})
    playground.run(4)
    status = playground.get("pods", "p")["status"]
    assert [next(iter(c["state"])) for c in status["initContainerStatuses"]] == ["running", "waiting"]
    assert status["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}
    initialized = playground.condition("pods", "p", "Initialized")
    assert initialized["message"] == "containers with incomplete status: [init0 init1]"
    playground.run(20)
    status = playground.get("pods", "p")["status"]
    assert [c["state"]["terminated"]["reason"] for c in status["initContainerStatuses"]] == ["Completed", "Completed"]
    assert status["phase"] == "Running"
    assert playground.container()["ready"] is True


def test_a_sidecar_starts_first_and_goes_on_beside_the_others(playground):
    sidecar = {"name": "side", "image": "redis:7", "restartPolicy": "Always"}
    playground.pod(spec={"initContainers": [sidecar]})
    playground.run(8)
    status = playground.get("pods", "p")["status"]
    assert status["initContainerStatuses"][0]["state"].keys() == {"running"}
    assert status["phase"] == "Running"
    assert playground.condition("pods", "p", "Ready")["status"] == "True"


def test_a_pod_with_a_readiness_probe_is_ready_after_its_initial_delay(playground):
    playground.pod(readinessProbe={"httpGet": {"path": "/", "port": 80}, "initialDelaySeconds": 20})
    playground.run(19)
    assert phase(playground) == "Running"
    ready = playground.condition("pods", "p", "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    assert ready["message"] == "containers with unready status: [c]"
    playground.run(6)
    assert playground.condition("pods", "p", "Ready")["status"] == "True"


def test_a_probe_of_a_port_where_nothing_listens_fails(playground):
    playground.pod(readinessProbe={"httpGet": {"path": "/", "port": 81}})
    playground.run(30)
    assert playground.container()["ready"] is False
    assert (
        "Unhealthy",
        'Readiness probe failed: Get "http://10.244.0.2:81/": dial tcp 10.244.0.2:81: connect: connection refused',
    ) in playground.events("p")


def test_a_failed_liveness_probe_restarts_the_container(playground):
    playground.pod(livenessProbe={"tcpSocket": {"port": 81}, "periodSeconds": 2, "failureThreshold": 2})
    playground.run(8)
    assert ("Killing", "Container c failed liveness probe, will be restarted") in playground.events("p")
    assert playground.container()["restartCount"] == 1


def test_a_liveness_probe_sees_that_a_script_removes_its_file(playground):
    playground.pod(
        image="registry.k8s.io/busybox:1.27.2",
        args=["/bin/sh", "-c", "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"],
        livenessProbe={"exec": {"command": ["cat", "/tmp/healthy"]}, "initialDelaySeconds": 5, "periodSeconds": 5},
        spec={"terminationGracePeriodSeconds": 1},
    )
    playground.run(29)
    assert "Unhealthy" not in reasons(playground)
    playground.run(25)
    assert (
        "Unhealthy",
        "Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory\n",
    ) in playground.events("p")
    assert playground.container()["restartCount"] == 1


def test_a_startup_probe_holds_up_the_others(playground):
    playground.pod(startupProbe={"tcpSocket": {"port": 80}, "initialDelaySeconds": 10})
    playground.run(9)
    assert (playground.container()["started"], playground.container()["ready"]) == (False, False)
    playground.run(6)
    assert (playground.container()["started"], playground.container()["ready"]) == (True, True)


def test_a_missing_config_map_of_an_environment_is_waited_for(playground):
    env = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "conf", "key": "a"}}}]
    playground.pod(env=env)
    playground.run(5)
    assert waiting(playground) == {"reason": "CreateContainerConfigError", "message": 'configmap "conf" not found'}
    assert playground.events("p")[-1] == ("Failed", 'Error: configmap "conf" not found')
    playground.create("configmaps", {"metadata": {"name": "conf"}, "data": {"b": "1"}})
    playground.run(5)
    assert waiting(playground)["message"] == "couldn't find key a in ConfigMap default/conf"
    playground.client.patch("configmaps", "conf", {"data": {"a": "1"}}, "default")
    playground.run(5)
    assert playground.container()["ready"] is True


def test_a_missing_secret_volume_holds_up_the_pod(playground):
    playground.pod(spec={"volumes": [{"name": "s", "secret": {"secretName": "keys"}}]})
    playground.run(5)
    assert waiting(playground) == {"reason": "ContainerCreating"}
    assert playground.events("p")[1] == (
        "FailedMount",
        'MountVolume.SetUp failed for volume "s" : secret "keys" not found',
    )
    playground.create("secrets", {"metadata": {"name": "keys"}, "data": {}})
    playground.run(5)
    assert playground.container()["ready"] is True


def test_a_deleted_pod_is_stopped_and_goes(playground):
    playground.pod()
    playground.run(5)
    playground.client.delete("pods", "p", "default")
    pod = playground.get("pods", "p")
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 30
    assert pod["status"]["phase"] == "Running"
    playground.run(2)
    assert playground.names("pods") == []
    assert playground.events("p")[-1] == ("Killing", "Stopping container c")


def test_a_container_that_ignores_sigterm_takes_the_whole_grace(playground):
    playground.pod(image="busybox:1.36", command=["sleep", "3600"], spec={"terminationGracePeriodSeconds": 10})
    playground.run(5)
    playground.client.delete("pods", "p", "default")
    playground.run(8)
    assert playground.names("pods") == ["p"]
    playground.run(4)
    assert playground.names("pods") == []


def test_a_shorter_grace_that_is_asked_for_later_counts(playground):
    playground.pod(image="busybox:1.36", command=["sleep", "3600"])
    playground.run(5)
    playground.client.delete("pods", "p", "default")
    playground.run(3)
    playground.client.delete("pods", "p", "default", grace_period_seconds=2)
    playground.run(5)
    assert playground.names("pods") == []


def test_a_pod_that_is_deleted_by_force_is_gone_at_once_and_its_name_is_free(playground):
    first = playground.pod()
    playground.run(5)
    playground.client.delete("pods", "p", "default", grace_period_seconds=0)
    assert playground.names("pods") == []
    second = playground.pod()
    playground.run(5)
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert playground.container()["ready"] is True


def test_a_finalizer_keeps_a_stopped_pod(playground):
    playground.create(
        "pods",
        {
            "metadata": {"name": "p", "finalizers": ["example.com/hold"]},
            "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]},
        },
    )
    playground.run(5)
    playground.client.delete("pods", "p", "default")
    playground.run(5)
    pod = playground.get("pods", "p")
    assert (pod["metadata"]["deletionGracePeriodSeconds"], pod["status"]["phase"]) == (0, "Succeeded")
    playground.client.patch("pods", "p", {"metadata": {"finalizers": None}}, "default", patch_type="merge")
    playground.run(1)
    assert playground.names("pods") == []


def test_with_any_registry_every_image_runs_whatever_its_command_says():
    playground = Playground(nodes=1, registry="any", start_seconds=1.0, stop_seconds=2.0)
    playground.pod(image="no/such:image", command=["sh", "-c", "exit 1"])
    playground.run(0.75)
    assert phase(playground) == "Pending"
    playground.run(0.5)
    assert playground.container()["ready"] is True
    playground.run(100)
    assert playground.container()["restartCount"] == 0
    playground.client.delete("pods", "p", "default")
    playground.run(1.5)
    assert playground.names("pods") == ["p"]
    playground.run(1)
    assert playground.names("pods") == []


def test_the_address_of_a_pod_that_has_ended_is_given_back_only_once(playground):
    playground.cluster.components["kubelet k8s-node01"].addresses = AddressPool("10.244.0.0/29")
    playground.pod("job", image="busybox:1.36", command=["true"], spec={"restartPolicy": "Never"})
    playground.run(5)
    # Five addresses, one of which the pod that has ended had.
    for name in ("a", "b", "d", "e", "f"):
        playground.pod(name)
    playground.run(5)
    playground.client.delete("pods", "job", "default")
    playground.run(5)
    playground.pod("late")
    playground.run(5)
    assert waiting(playground, "late") == {"reason": "ContainerCreating"}
    reason, message = playground.events("late")[1]
    assert reason == "FailedCreatePodSandBox"
    assert message.endswith(
        'plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available in range set: '
        "10.244.0.1-10.244.0.6"
    )
