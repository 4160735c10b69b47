"""From a container's spec and its image to what runs: command line, environment, user, limits, files.

Follows pkg/kubelet/kubelet_pods.go (GenerateRunContainerOptions) and pkg/kubelet/kuberuntime/kuberuntime_container.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.apimachinery import quantity
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.clock import SECOND_US
from cluster_engine.containers import binaries
from cluster_engine.containers.container import ContainerPlan, ContainerWorld
from cluster_engine.containers.files import File, Mount, Space, User
from cluster_engine.containers.filesystem import FileSystem
from cluster_engine.containers.image import UNKNOWN, tree_of
from cluster_engine.containers.proc import make_proc
from cluster_engine.kubelet.inside import environment, fields, network_files

if TYPE_CHECKING:
    from cluster_engine.containers.pod import PodWorld
    from cluster_engine.kubelet.inside.mounts import PodVolumes
    from cluster_engine.kubelet.interfaces import Sandbox
    from cluster_engine.kubelet.runtime import Container


def environment_of(worker: Sandbox, container: Container) -> dict[str, str]:
    """The variables that Kubernetes gives a container, Services included."""
    config = worker.host.config

    def field(source: Obj) -> str:
        if "fieldRef" in source:
            path = source["fieldRef"].get("fieldPath", "")
            return fields.field_text(worker.pod, path, host_ip=config.address, pod_ip=worker.ip)
        reference = source.get("resourceFieldRef") or {}
        return fields.resource_text(container.spec, reference, node_cpu=config.cpu, node_memory=config.memory)

    services = environment.service_variables(_services(worker, container.started_us))
    return environment.variables_of(container.spec, worker.lookup, field, services)


def _services(worker: Sandbox, started_us: int) -> list[Obj]:
    """The Services of the pod's namespace, and `kubernetes`, that were there when the container started."""
    namespace = worker.pod["metadata"]["namespace"]
    found = {}
    if worker.pod["spec"].get("enableServiceLinks") is not False:
        found = {service["metadata"]["name"]: service for service in worker.host.services(namespace)}
    master = worker.host.source("services", "default", "kubernetes")
    if master is not None and "kubernetes" not in found:
        found["kubernetes"] = master
    limit_us = (started_us or worker.now_us) + SECOND_US
    return [s for name, s in sorted(found.items()) if parse_time(s["metadata"]["creationTimestamp"]) < limit_us]


def plan_of(worker: Sandbox, container: Container, variables: dict[str, str]) -> ContainerPlan:
    """What the container is made of."""
    spec, image = container.spec, container.image
    inside = image.inside or UNKNOWN
    reference = container.reference
    tag = reference.tag if reference is not None else "latest"
    user = _user(worker.pod, spec, inside.user)
    family = inside.family(tag)
    env = {"PATH": binaries.DEFAULT_PATH, "HOSTNAME": network_files.hostname_of(worker.pod, worker.host.config.name)}
    if spec.get("tty"):
        env["TERM"] = "xterm"
    env |= {name: text.replace("{version}", inside.version(tag)) for name, text in inside.env.items()}
    env |= variables
    env.setdefault("HOME", "/root" if user.uid == 0 else "/")
    command = [environment.expand(word, variables) for word in spec.get("command") or ()]
    args = [environment.expand(word, variables) for word in spec.get("args") or ()]
    argv = inside.argv(command, args) or ["/bin/sh"]
    stop_seconds = image.behaviour.stops_after_seconds
    facts = {
        **inside.facts,
        "version": inside.version(tag),
        "declared_ports": ",".join(str(port) for port in _ports(spec)),
        "stop_seconds": "never" if stop_seconds is None else str(stop_seconds),
        "stop_code": str(image.behaviour.stop_exit_code),
    }
    limit = ((spec.get("resources") or {}).get("limits") or {}).get("memory")
    return ContainerPlan(
        name=container.name,
        argv=argv,
        env=env,
        cwd=spec.get("workingDir") or inside.workdir,
        user=user,
        memory_limit=quantity.value(limit) if limit else None,
        tty=bool(spec.get("tty")),
        stdin=bool(spec.get("stdin")),
        image=inside.name or (reference.repository if reference else ""),
        tag=tag,
        family=family,
        facts=facts,
        termination_message_path=spec.get("terminationMessagePath") or "/dev/termination-log",
        unknown=image.inside is None,
    )


def _ports(spec: Obj) -> list[int]:
    """The ports that a container says to have, and those that its probes ask at."""
    found = [int(port["containerPort"]) for port in spec.get("ports") or ()]
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        for action in ("httpGet", "tcpSocket", "grpc"):
            port = ((spec.get(probe) or {}).get(action) or {}).get("port")
            if isinstance(port, int) and port not in found:
                found.append(port)
    return found


def _user(pod: Obj, spec: Obj, default: int) -> User:
    context = {**(pod["spec"].get("securityContext") or {}), **(spec.get("securityContext") or {})}
    uid = context.get("runAsUser")
    gid = context.get("runAsGroup")
    uid = default if uid is None else int(uid)
    groups = [*(context.get("supplementalGroups") or ()), *([context["fsGroup"]] if context.get("fsGroup") else ())]
    return User(uid, (uid if default and uid == default else 0) if gid is None else int(gid), frozenset(groups))


def file_system(container: Container, plan: ContainerPlan, world: PodWorld) -> FileSystem:
    """The container's own file system, without its mounts."""
    inside = container.image.inside or UNKNOWN
    context = container.spec.get("securityContext") or {}
    read_only = bool(context.get("readOnlyRootFilesystem"))
    return FileSystem(tree_of(inside, plan.tag), lambda: world.now_us, read_only=read_only)


def mount_system_files(worker: Sandbox, own: ContainerWorld, volumes: PodVolumes, spec: Obj) -> None:
    """/proc, the network's files, the termination log, and the pod's volumes."""
    fs, pod, config = own.fs, worker.pod, worker.host.config
    texts = {
        "/etc/hosts": network_files.hosts_file(pod, worker.ip, config.name, config.address),
        "/etc/hostname": network_files.hostname_of(pod, config.name) + "\n",
        "/etc/resolv.conf": network_files.resolv_file(pod),
    }
    mounted = {mount["mountPath"] for mount in spec.get("volumeMounts") or ()}
    for path, text in texts.items():
        if path not in mounted:
            fs.mount(path, Mount(File(text.encode(), mtime_us=own.pod.now_us), Space()))
    fs.mount("/proc", Mount(make_proc(own), Space(), source_name="proc"))
    fs.mount(own.plan.termination_message_path, Mount(File(b"", 0o666), Space()))
    volumes.mount_all(fs, spec, own.plan.env)
