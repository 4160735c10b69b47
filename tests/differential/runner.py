"""Types every line twice: in the terminal, and with the real kubectl over HTTP, each on a fork of the same cluster."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server

from cluster_engine.cluster import Snapshot
from cluster_engine.http.asgi import Found, KubeApi
from cluster_engine.serve import Driver, kubeconfig
from tests.differential import clusters
from tests.differential.clusters import Result
from tests.differential.normal import difference, normal
from tests.differential.states import Line, State

SLOTS = 3
SPEED = 10.0
LIMIT_SECONDS = 60.0
NO_KUBECTL = "kubectl is not installed"


@dataclass(frozen=True)
class Outcome:
    """One line on one state: "" where both kubectls agree, else how they differ."""

    state: str
    line: Line
    difference: str


class Slot:
    """A path of the server behind which the fork of the moment stands."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.driver: Driver | None = None

    @property
    def prefix(self) -> str:
        return f"/slot{self.number}"


class Runner:
    """Runs lines against the clusters of their states. One HTTP server for all of them."""

    def __init__(self, states: list[State], report: Callable[[Outcome], None]) -> None:
        self.states = states
        self.report = report
        self.port = _free_port()
        self.slots = [Slot(number) for number in range(SLOTS)]
        self.root = Path(tempfile.mkdtemp(prefix="podarium-differential-"))
        self.failure = ""

    def run(self) -> None:
        """Runs everything; raises RuntimeError when the runner itself failed."""
        server: Server = Server(
            application=KubeApi(self._resolve),
            endpoints=build_endpoint_description_strings(host="127.0.0.1", port=self.port),
            signal_handlers=False,
            ready_callable=lambda: asyncio.get_event_loop().create_task(self._main(server)),
            server_name="podarium",
            verbosity=0,
            application_close_timeout=1,
            http_timeout=None,
        )
        try:
            server.run()
        finally:
            shutil.rmtree(self.root, ignore_errors=True)
        if self.failure:
            raise RuntimeError(self.failure)

    async def _resolve(self, path: str, headers: dict[str, str]) -> Found | None:
        _, name, *rest = path.split("/", 2)
        for slot in self.slots:
            if slot.prefix == f"/{name}" and slot.driver is not None:
                return Found(slot.driver, "/" + "/".join(rest), headers)
        return None

    async def _main(self, server: Server) -> None:
        try:
            queue: asyncio.Queue[tuple[State, Snapshot, Line]] = asyncio.Queue()
            for state in self.states:
                snapshot = clusters.make(state)
                _write_files(self.root / state.name, state.files)
                for line in state.lines:
                    queue.put_nowait((state, snapshot, line))
            await asyncio.gather(*(self._work(slot, queue) for slot in self.slots))
        except Exception:
            self.failure = traceback.format_exc()
        finally:
            server.stop()

    async def _work(self, slot: Slot, queue: asyncio.Queue[tuple[State, Snapshot, Line]]) -> None:
        while not queue.empty():
            state, snapshot, line = queue.get_nowait()
            ours = clusters.fork(state, snapshot)
            got = clusters.type_line(ours, state, line)
            theirs, want = await self._real(slot, state, snapshot, line)
            objects = ("", "")
            if line.objects and not line.exception and theirs.revision != snapshot.store.revision:
                objects = clusters.objects_text(theirs), clusters.objects_text(ours)
            self.report(Outcome(state.name, line, "" if line.exception else _compare(line, want, got, objects)))
            await asyncio.sleep(0)

    async def _real(self, slot: Slot, state: State, snapshot: Snapshot, line: Line) -> tuple[clusters.Cluster, Result]:
        cluster = clusters.fork(state, snapshot)
        slot.driver = Driver(cluster, SPEED)
        driving = asyncio.create_task(slot.driver.run())
        home = self.root / f"home-{slot.number}-{state.name}"
        home.mkdir(exist_ok=True)
        config = self.root / f"kubeconfig-{slot.number}"
        config.write_text(kubeconfig(f"http://127.0.0.1:{self.port}{slot.prefix}"))
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(config), "TZ": "UTC",
                       "KUBE_EDITOR": "true", "LC_ALL": "C.UTF-8"}  # fmt: skip
        directory = self.root / f"files-{slot.number}"
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(self.root / state.name, directory)
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", line.run, env=environment, cwd=directory, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            return cluster, await self._output(process, line)
        finally:
            driving.cancel()
            slot.driver = None

    async def _output(self, process: asyncio.subprocess.Process, line: Line) -> Result:
        reading = asyncio.create_task(process.communicate())
        limit = 1.0 + line.interrupt / SPEED if line.interrupt else LIMIT_SECONDS
        done, _ = await asyncio.wait({reading}, timeout=limit)
        if not done:
            os.killpg(process.pid, signal.SIGINT if line.interrupt else signal.SIGKILL)
            ended, _ = await asyncio.wait({reading}, timeout=LIMIT_SECONDS)
            if not ended:
                os.killpg(process.pid, signal.SIGKILL)
        out, err = await reading
        code = process.returncode if process.returncode is not None else -1
        if line.interrupt and not done:
            # A program that ends by the signal, as its shell tells it; one that heeds it ends with a code of its own.
            code = clusters.INTERRUPTED if code in (-signal.SIGINT, clusters.INTERRUPTED) else code
        return Result(out.decode(errors="replace"), err.decode(errors="replace"), code)


def _compare(line: Line, want: Result, got: Result, objects: tuple[str, str]) -> str:
    parts = []
    if want.code != got.code:
        parts.append(f"exit code {got.code}, really {want.code}\n")
    for name in ("stdout", "stderr"):
        real = normal(getattr(want, name), unordered=line.unordered)
        ours = normal(getattr(got, name), unordered=line.unordered)
        text = difference(real, ours)
        if text:
            parts.append(f"{name}:\n{text}")
    text = difference(*(normal(one) for one in objects))
    if text:
        parts.append(f"objects:\n{text}")
    return "".join(parts)


def _write_files(directory: Path, files: dict[str, str]) -> None:
    directory.mkdir()
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
