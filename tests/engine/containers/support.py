"""A pod's world without a cluster: containers of a family of programs, and a network of such pods."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cluster_engine.containers.container import ContainerPlan, ContainerWorld
from cluster_engine.containers.files import DynamicDirectory, Mount, Space, User
from cluster_engine.containers.filesystem import FileSystem
from cluster_engine.containers.image import Inside, tree_of
from cluster_engine.containers.network.fabric import Answer, Fabric, Namespace, Record, Route
from cluster_engine.containers.pipe import Pipe, Sink
from cluster_engine.containers.pod import PodWorld
from cluster_engine.containers.proc import make_proc
from cluster_engine.containers.servers.registry import PROGRAMS
from cluster_engine.rng import Rng

START_US = 1_767_225_600_000_000


class Everywhere:
    """Rules and names for tests: every address is itself, names are as given."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def route(self, source_ip, node_ip, ip, port, transport):
        return Route("direct", ip, port)

    def joined(self, node_ip, other):
        return True

    def allow(self, packets):
        return True

    def answer(self, node_ip, name, kind):
        if name in self.names and kind == "A":
            return Answer("NOERROR", (Record(name, "A", self.names[name]),))
        return Answer("NXDOMAIN")


class Net:
    """Pods that can reach each other."""

    def __init__(self) -> None:
        self.spaces: dict[str, Namespace] = {}
        self.everywhere = Everywhere()
        self.fabric = Fabric(self.spaces.get, self.everywhere, self.everywhere)


@dataclass(frozen=True)
class Result:
    out: str
    err: str
    code: int


class Pod:
    """One pod with one container `c`, which runs `argv`."""

    def __init__(
        self,
        argv=("sleep", "infinity"),
        *,
        family="busybox",
        inside=None,
        net=None,
        ip="10.244.0.2",
        uid=0,
        tag="1.36",
        env=None,
        memory=None,
    ):
        self.net = net or Net()
        self.changes = 0
        self.faults: list[str] = []
        self.exits: list[tuple[int, bool]] = []
        space = Namespace(ip, "192.168.0.10")
        self.net.spaces[ip] = space
        self.world = PodWorld(
            now_us=START_US,
            hostname="p",
            namespace="default",
            network=space,
            fabric=self.net.fabric,
            programs=PROGRAMS,
            rng=Rng(1),
            surroundings=self,
        )
        space.pod = self.world
        inside = inside or Inside(name="docker.io/library/busybox", families=((re.compile(""), family),))
        fs = FileSystem(tree_of(inside, tag), lambda: self.world.now_us)
        fs.space.listeners.append(self.world.touch)
        plan = ContainerPlan(
            "c",
            list(argv),
            {
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME": "/root",
                **inside.env,
                **(env or {}),
            },
            family=inside.family(tag),
            image=inside.name,
            tag=tag,
            user=User(uid),
            memory_limit=memory,
            facts={**inside.facts, "version": inside.version(tag)},
        )
        self.container = ContainerWorld(self.world, plan, fs, lambda code, oom: self.exits.append((code, oom)))
        self.world.containers["c"] = self.container
        fs.mount("/proc", Mount(make_proc(self.container), Space(), source_name="proc"))
        fs.mount("/etc/hosts", Mount(_file(f"127.0.0.1\tlocalhost\n{ip}\tp\n"), Space()))
        fs.mount(
            "/etc/resolv.conf",
            Mount(
                _file(
                    "nameserver 10.96.0.10\n"
                    "search default.svc.cluster.local svc.cluster.local cluster.local\n"
                    "options ndots:5\n"
                ),
                Space(),
            ),
        )
        self.container.start()
        self.run_for(0)

    # Surroundings.

    def changed(self):
        self.changes += 1

    def woken(self):
        pass

    def fault(self, subject):
        import traceback

        self.faults.append(f"{subject}\n{traceback.format_exc()}")

    def run_for(self, seconds):
        end = self.world.now_us + round(seconds * 1_000_000)
        while not self.world.advance(end):
            pass

    def start(self, argv, stdin=b""):
        """Starts a command; (process, outputs)."""
        out: dict[str, list[bytes]] = {"out": [], "err": []}
        process = self.container.spawn(
            list(argv), fds={0: Pipe(stdin, closed=True), 1: Sink(out["out"].append), 2: Sink(out["err"].append)}
        )
        return process, out

    def run(self, *argv, stdin=b"", seconds=300):
        """Runs a command to its end."""
        process, out = self.start(argv, stdin)
        end = self.world.now_us + round(seconds * 1_000_000)
        while process.exit_code is None and self.world.now_us < end:
            due = self.world.runner.next_due_us(lazy=True)
            assert due is not None, f"{argv} waits for nothing: {out}"
            self.world.advance(min(due, end))
        assert self.faults == [], self.faults[0]
        assert process.exit_code is not None, f"{argv} does not end"
        return Result(b"".join(out["out"]).decode(), b"".join(out["err"]).decode(), process.exit_code)

    def sh(self, script, stdin=b"", **options):
        return self.run("sh", "-c", script, stdin=stdin, **options)

    @property
    def log(self):
        return b"".join(line.data for line in self.container.log.since(0)[0]).decode()


def _file(text):
    from cluster_engine.containers.files import File

    return File(text.encode())


__all__ = ["DynamicDirectory", "Net", "Pod", "Result"]
