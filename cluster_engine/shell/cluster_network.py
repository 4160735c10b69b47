"""`curl`, `wget`, `nslookup`, `dig`, `host`, `ping`, `nc` and `telnet`, as from a machine inside the cluster.

The machine stands beside the first node, has the cluster's DNS, and the search domains of a pod in the namespace of
the moment. Every command gets a machine of its own, with the home directory's files at their places. Its `localhost`
has the ports that `kubectl port-forward` listens to in any terminal of the sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from cluster_engine.apiserver.streams import PortConnection
from cluster_engine.containers import binaries
from cluster_engine.containers.container import ContainerPlan, ContainerWorld
from cluster_engine.containers.files import Directory, File, Mount, Space
from cluster_engine.containers.filesystem import FileSystem
from cluster_engine.containers.image import Inside, tree_of
from cluster_engine.containers.network.fabric import Connection, Namespace
from cluster_engine.containers.network.resolver import CLUSTER_DNS
from cluster_engine.containers.pipe import Pipe, Sink
from cluster_engine.containers.pod import PodWorld
from cluster_engine.containers.process import SIGINT
from cluster_engine.containers.process import Process as Program
from cluster_engine.containers.programs.registry import PROGRAMS
from cluster_engine.kubectl.config import kubeconfig
from cluster_engine.kubectl.local_ports import Forwarding
from cluster_engine.kubectl.process import Bell, Interrupt, Process, Wait
from cluster_engine.rng import Rng
from cluster_engine.shell.environment import Environment, Streams
from cluster_engine.shell.files import HOME

HOSTNAME = "podarium"
INTERRUPTED = 130
MAX_ROUNDS = 50
# How long a line may be busy before others get their turn.
_SLICE_US = 5_000
_IMAGE = Inside(name="terminal", families=((re.compile(""), "network"),))


class _News(Bell):
    """Wakes the terminal when a packet has come."""

    def changed(self) -> None:
        """Nobody probes this machine."""

    def woken(self) -> None:
        self.ring()

    def fault(self, subject: str) -> None:
        raise RuntimeError(subject)


def run(env: Environment, words: list[str], streams: Streams) -> Process:
    """Runs one of the programs; its exit code."""
    news = _News()
    own = _machine(env, news)
    code: list[int] = []
    typed = Pipe()
    program = own.spawn(
        words,
        fds={0: typed, 1: Sink(partial(_show, streams.out.write)), 2: Sink(partial(_show, streams.err.write))},
        cwd=_directory(env),
    )
    program.on_end.append(lambda ended: code.append(ended.exit_code or 0))
    try:
        yield from _drive(env, own, program, typed, news, streams)
    except Interrupt:
        own.pod.advance(env.cluster.clock.now_us)
        program.signal(SIGINT)
        own.pod.advance(env.cluster.clock.now_us)
        raise
    finally:
        for process in own.processes():
            process.end(INTERRUPTED)
        own.pod.network.pod = None
    _keep_files(env, own)
    return code[0]


def _drive(
    env: Environment, own: ContainerWorld, program: Program, typed: Pipe, news: _News, streams: Streams
) -> Process:
    """Lets the program go on with virtual time, and hands it what is typed."""
    clock, world = env.cluster.clock, own.pod
    stdin = streams.stdin
    while True:
        news.look()
        if stdin.ready and not typed.closed:
            text = stdin.take()
            typed.write(text.encode())
            if not text and stdin.closed:
                typed.close()
        for _ in range(MAX_ROUNDS):
            if world.advance(clock.now_us):
                break
        if not program.alive:
            return 0
        due_us = world.next_due_us()
        if due_us is not None and due_us <= clock.now_us:
            due_us = clock.now_us + _SLICE_US
        wants = () if typed.closed or not _reads(program) else (stdin,)
        yield Wait(watches=(news,), deadline_us=due_us, streams=wants)


def _reads(program: Program) -> bool:
    """Whether the program may want what is typed; the others leave it to the shell."""
    return program.name in ("nc", "telnet") or "@-" in program.argv or "-T-" in program.argv


def _show(write: Callable[[str], None], data: bytes) -> None:
    write(data.decode("utf-8", "replace"))


# The machine.


def _machine(env: Environment, news: _News) -> ContainerWorld:
    cluster = env.cluster
    node = next(iter(cluster.infrastructure.nodes.values()))
    address = node.config.address
    network = Namespace(node.config.pod_cidr.replace(".0/24", ".1"), address)
    namespace = kubeconfig.namespace_of(env.files, "")
    world = PodWorld(
        now_us=cluster.clock.now_us,
        hostname=HOSTNAME,
        namespace=namespace,
        network=network,
        fabric=cluster.infrastructure.fabric,
        programs=PROGRAMS,
        rng=Rng(f"{env.rng.hex(16)}"),
        surroundings=news,
    )
    world.node_name = node.config.name
    network.pod = world
    for forwarding in env.ports.forwardings:
        network.listen(forwarding.local_port, partial(_Relay, forwarding))
    variables = {**{name: env.lookup(name) for name in env.exported}, "PATH": binaries.DEFAULT_PATH}
    plan = ContainerPlan(name="terminal", argv=["sh"], env=variables, cwd=HOME, family="network")
    fs = FileSystem(tree_of(_IMAGE, "latest"), lambda: world.now_us)
    own = ContainerWorld(world, plan, fs, lambda code, out_of_memory: None)
    domains = f"{namespace}.svc.cluster.local svc.cluster.local cluster.local"
    texts = {
        "/etc/hosts": f"127.0.0.1\tlocalhost\n::1\tlocalhost\n{network.ip}\t{HOSTNAME}\n",
        "/etc/resolv.conf": f"search {domains}\nnameserver {CLUSTER_DNS}\noptions ndots:5\n",
        "/etc/hostname": HOSTNAME + "\n",
    }
    for path, text in texts.items():
        fs.mount(path, Mount(File(text.encode(), mtime_us=world.now_us), Space()))
    _place_files(env, fs)
    return own


def _place_files(env: Environment, fs: FileSystem) -> None:
    for name in env.files.below(HOME):
        for path in (f"{HOME}/{name}", *([f"/{name}"] if name.startswith("tmp/") else ())):
            fs.make_directory(path.rpartition("/")[0], parents=True)
            fs.write(path, env.files.read(f"{HOME}/{name}").encode())


def _directory(env: Environment) -> str:
    return f"{HOME}/{env.files.directory}".rstrip("/")


def _files(fs: FileSystem, folder: str) -> Iterator[str]:
    """The paths of all files in and below a folder."""
    for name in fs.names(folder):
        path = f"{folder}/{name}"
        inode = fs.find(path, follow=False)
        if isinstance(inode, Directory):
            yield from _files(fs, path)
        elif isinstance(inode, File):
            yield path


def _keep_files(env: Environment, own: ContainerWorld) -> None:
    """What the program wrote stays in the home directory, where paths outside of it are kept as well."""
    for folder in (HOME, "/tmp"):  # noqa: S108 - a folder of the simulated machine
        for path in _files(own.fs, folder):
            text = own.fs.read(path).decode("utf-8", "replace")
            try:
                if env.files.read(path) == text:
                    continue
            except (FileNotFoundError, IsADirectoryError):
                pass
            env.files.write(path, text)


class _Relay:
    """The listening end of `kubectl port-forward`: what comes goes to the pod, and back."""

    def __init__(self, forwarding: Forwarding, connection: Connection) -> None:
        self._connection = connection
        self._port: PortConnection = forwarding.connect()
        if self._port.error:
            connection.later(0, connection.close)
            return
        self._port.stream.on_ready = self._pump
        self._pump()

    def received(self, data: bytes) -> None:
        self._port.send(data)

    def ended(self) -> None:
        self._port.finish()

    def _pump(self) -> None:
        data = self._port.stream.read()
        if data:
            self._connection.write(data)
        if self._port.stream.ended:
            self._connection.close()


NAMES = ("curl", "dig", "host", "nc", "nslookup", "ping", "telnet", "wget")
