"""What is seen from inside containers: the pod's network and volumes, names, Services, a Redis and its replica."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.engine.faults.conftest import Breakable
from tests.engine.faults.systems.pods import mounted, real
from tests.engine.faults.systems.table import Obj, phase, running, service, system

NODE = "k8s-node02"
NAME = "web-0.nginx.default.svc.cluster.local"
PRIVATE = "private.example.com/team/nginx:1.27"


def inside(world: Breakable, line: str, pod: str = "p", container: str = "c") -> str:
    """What a command prints in a container, both streams, in one line."""
    return " ".join(world.terminal.run(f"kubectl exec {pod} -c {container} -- {line}").text.split())


def two_containers(world: Breakable, second: Obj, **spec: Any) -> None:
    first = {"name": "c", "image": "nginx:1.25", **({"volumeMounts": MOUNT} if "volumes" in spec else {})}
    pod = {"containers": [first, {"name": "second", **second}], **spec}
    world.create("pods", {"metadata": {"name": "p"}, "spec": pod})
    world.run(10)


MOUNT = [{"name": "data", "mountPath": "/data"}]


# The sandbox: pause holds the network, containers share it, and volumes.


def pause_works(world: Breakable) -> None:
    """A container that is made anew finds the address of its pod where it was."""
    world.pod()
    running(world, "p")
    address = world.get("pods", "p")["status"]["podIP"]
    world.inject("Crash", "container/default/p/c", exitCode=1)
    world.run(5)
    assert world.container()["restartCount"] == 1
    assert inside(world, "hostname -i") == address == world.get("pods", "p")["status"]["podIP"]


def pause_fails(world: Breakable) -> None:
    """With its machine the sandbox is gone: another one has another address."""
    world.pod(spec={"nodeName": NODE})
    running(world, "p")
    address = world.get("pods", "p")["status"]["podIP"]
    world.inject("Reboot", f"node/{NODE}")
    world.run(40)
    assert ("SandboxChanged", "Pod sandbox changed, it will be killed and re-created.") in world.events("p")
    assert world.get("pods", "p")["status"]["podIP"] != address


def shared_network_works(_: Breakable) -> None:
    world = real()
    two_containers(world, {"image": "redis:7"})
    assert "Welcome to nginx!" in inside(world, "curl -s localhost")
    assert inside(world, "redis-cli -h localhost ping", container="second") == "PONG"


def shared_network_fails(_: Breakable) -> None:
    """Two that want the same port of it: the second one cannot have it."""
    world = real()
    two_containers(world, {"image": "nginx:1.25"})
    statuses = world.get("pods", "p")["status"]["containerStatuses"]
    assert sorted(c["ready"] for c in statuses) == [False, True]
    loser = next(c["name"] for c in statuses if not c["ready"])
    words = "bind() to 0.0.0.0:80 failed (98: Address already in use)"
    assert words in world.terminal.run(f"kubectl logs p -c {loser} --previous").text


def shared_volumes_work(_: Breakable) -> None:
    world = real()
    two_containers(world, {"image": "redis:7", "volumeMounts": MOUNT}, volumes=[{"name": "data", "emptyDir": {}}])
    inside(world, "sh -c 'echo hello > /data/a'")
    assert inside(world, "cat /data/a", container="second") == "hello"


def shared_volumes_fail(_: Breakable) -> None:
    """Read only for one of them, and gone with the pod."""
    world = real()
    read_only = [{**MOUNT[0], "readOnly": True}]
    volumes = [{"name": "data", "emptyDir": {}}]
    two_containers(world, {"image": "redis:7", "volumeMounts": read_only}, volumes=volumes)
    assert "Read-only file system" in inside(world, "touch /data/a", container="second")
    inside(world, "touch /data/a")
    world.client.delete("pods", "p", "default")
    world.run(10)
    two_containers(world, {"image": "redis:7", "volumeMounts": MOUNT}, volumes=volumes)
    assert inside(world, "ls /data") == ""


def host_path_works(_: Breakable) -> None:
    """What is written to the node's own disk is there for the next pod on that node."""
    world = real()
    for name in ("p", "q"):
        world.pod(name, **_on(NODE))
        world.run(10)
        inside(world, f"touch /data/{name}", pod=name)
        world.client.delete("pods", name, "default")
        world.run(5)
    world.pod("r", **_on(NODE))
    world.run(10)
    assert inside(world, "ls /data", pod="r") == "p q"


def host_path_fails(_: Breakable) -> None:
    """Another node has another disk; and a folder that has to be there is not."""
    world = real()
    world.pod("p", **_on(NODE))
    world.run(10)
    inside(world, "touch /data/p")
    world.pod("q", **_on("k8s-node03"))
    world.pod("r", **_on("k8s-node03", "/srv/missing", "Directory"))
    world.run(10)
    assert inside(world, "ls /data", pod="q") == ""
    words = 'MountVolume.SetUp failed for volume "data" : hostPath type check failed: /srv/missing is not a directory'
    assert (phase(world, "r"), ("FailedMount", words) in world.events("r")) == ("Pending", True)


def _on(node: str, path: str = "/srv/data", type_: str = "") -> dict[str, Any]:
    fields = mounted({"hostPath": {"path": path, "type": type_}})
    return {**fields, "spec": {**fields["spec"], "nodeName": node}}


system("pause container", pause_works, pause_fails)
system("shared network of a pod", shared_network_works, shared_network_fails)
system("shared volumes of a pod", shared_volumes_work, shared_volumes_fail)
system("volume hostPath", host_path_works, host_path_fails)


# Services and names.


def proxied(world: Breakable) -> str:
    """A Service in front of one pod, and somebody on another node who asks it; what is answered."""
    if not world.stored("services") or "web" not in world.names("services"):
        world.pod("web", labels={"app": "web"}, spec={"nodeName": "k8s-node01"})
        world.pod("p", image="busybox:1.36", command=["sleep", "100000"], spec={"nodeName": NODE})
        service(world)
    world.run(10)
    return inside(world, "wget -qO- -T 2 web")


def proxy_works(_: Breakable) -> None:
    assert "Welcome to nginx!" in proxied(real())


def proxy_fails(_: Breakable) -> None:
    """Its rules stay as they were: they lead to a pod that is gone."""
    world = real()
    proxied(world)
    name = world.inject("Stop", f"kube-proxy/{NODE}")
    world.client.delete("pods", "web", "default")
    world.run(10)
    world.pod("other", labels={"app": "web"}, spec={"nodeName": "k8s-node01"})
    assert "wget:" in proxied(world)
    world.lift(name)
    assert "Welcome to nginx!" in proxied(world)


def named(world: Breakable) -> str:
    """What the document's name resolves to in another pod."""
    if not world.stored("statefulsets.apps"):
        template = {"metadata": {"labels": {"app": "nginx"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
        spec = {"replicas": 2, "serviceName": "nginx", "selector": {"matchLabels": {"app": "nginx"}}}
        world.create("statefulsets.apps", {"metadata": {"name": "web"}, "spec": {**spec, "template": template}})
        service(world, "nginx", clusterIP="None")
        world.pod("p", image="busybox:1.36", command=["sleep", "100000"])
    world.run(20)
    return inside(world, f"nslookup {NAME}")


def dns_works(_: Breakable) -> None:
    world = real()
    assert named(world).endswith(f"Name: {NAME} Address: {world.get('pods', 'web-0')['status']['podIP']}")


def dns_fails(_: Breakable) -> None:
    world = real()
    named(world)
    name = world.inject("Stop", "coredns")
    assert "connection timed out; no servers could be reached" in named(world)
    world.lift(name)
    assert f"Name: {NAME}" in named(world)


def service_has_an_address(world: Breakable) -> None:
    """The document's service controller: addresses are given, and the cluster's own Service comes back."""
    service(world)
    assert world.get("services", "web")["spec"]["clusterIP"].startswith("10.")
    world.client.delete("services", "kubernetes", "default")
    world.run(15)
    assert "kubernetes" in world.names("services")


def service_has_no_balancer(world: Breakable) -> None:
    """There is no cloud that would give an address to the outside."""
    service(world, type="LoadBalancer")
    world.run(60)
    line = world.terminal.ok("kubectl get service web").splitlines()[1]
    assert line.split()[1:4] == ["LoadBalancer", world.get("services", "web")["spec"]["clusterIP"], "<pending>"]


system("kube-proxy", proxy_works, proxy_fails)
system("DNS names of pods", dns_works, dns_fails)
system("service controller", service_has_an_address, service_has_no_balancer)


# The Redis master and its slave, by the master's headless name.


def redis(world: Breakable) -> None:
    follows = ["redis-server", "--replicaof", "redis-0.redis", "6379"]
    script = f'if [ "$HOSTNAME" = redis-0 ]; then exec redis-server; else exec {" ".join(follows)}; fi'
    container = {"name": "c", "image": "redis:7", "command": ["sh", "-c", script]}
    template = {"metadata": {"labels": {"app": "redis"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 2, "serviceName": "redis", "selector": {"matchLabels": {"app": "redis"}}}
    service(world, "redis", clusterIP="None", ports=[{"port": 6379}])
    world.create("statefulsets.apps", {"metadata": {"name": "redis"}, "spec": {**spec, "template": template}})
    world.run(40)


def redis_works(_: Breakable) -> None:
    world = real()
    redis(world)
    assert inside(world, "redis-cli set greeting hello", pod="redis-0") == "OK"
    world.run(5)
    assert inside(world, "redis-cli get greeting", pod="redis-1") == "hello"


def redis_fails(_: Breakable) -> None:
    """The slave keeps what it has and takes nothing new; without its master it says so."""
    world = real()
    redis(world)
    assert inside(world, "redis-cli set a b", pod="redis-1").startswith("READONLY ")
    node = world.get("pods", "redis-0")["spec"]["nodeName"]
    assert "master_link_status:up" in inside(world, "redis-cli info replication", pod="redis-1")
    world.inject("PowerOff", f"node/{node}")
    world.run(120)
    assert "master_link_status:down" in inside(world, "redis-cli info replication", pod="redis-1")


system("Redis master and slave", redis_works, redis_fails)


# Pull secrets.


def pull_secrets(world: Breakable, password: str) -> None:
    config = {"auths": {"private.example.com": {"username": "learner", "password": password}}}
    data = {".dockerconfigjson": base64.b64encode(json.dumps(config).encode()).decode()}
    meta = {"name": "registry"}
    world.create("secrets", {"metadata": meta, "type": "kubernetes.io/dockerconfigjson", "data": data})
    world.pod(image=PRIVATE, spec={"imagePullSecrets": [{"name": "registry"}]})
    world.run(15)


def pull_secrets_work(_: Breakable) -> None:
    world = real()
    pull_secrets(world, "terrarium")
    assert world.container()["ready"] is True


def pull_secrets_fail(_: Breakable) -> None:
    world = real()
    pull_secrets(world, "guessed")
    assert world.container()["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")
    assert any(message.endswith("401 Unauthorized") for _, message in world.events("p"))


system("pull secrets", pull_secrets_work, pull_secrets_fail)
