"""A server in a process of its own, and the real kubectl against it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 30.0
COMMAND_SECONDS = 60.0


@dataclass(frozen=True)
class Run:
    """What a command printed."""

    stdout: str
    stderr: str
    code: int


def kubectl_path() -> str:
    """The kubectl of this machine."""
    found = shutil.which("kubectl")
    if found is None:
        raise RuntimeError("kubectl is missing: install it (Debian, Ubuntu: apt install kubernetes-client)")
    return os.path.realpath(found)


def some_kubectls() -> list[str]:
    """Kubectls of this machine with versions in their names: the oldest, the first with websockets, and the newest.

    They are looked for beside the usual one, which stands for all where there are none. With `PODARIUM_EVERY_KUBECTL`
    set, all of them.
    """
    usual = Path(kubectl_path())
    found = [str(path) for path in sorted(usual.parent.glob("kubectl.1.[0-9][0-9]"))]
    if len(found) > 3 and not os.environ.get("PODARIUM_EVERY_KUBECTL"):
        found = [path for path in found if path in (found[0], found[-1]) or path.endswith("1.30")]
    return found or [str(usual)]


def minor(kubectl: str) -> int:
    """32 for a kubectl of version 1.32."""
    said = subprocess.run([kubectl, "version", "--client", "-o", "json"], capture_output=True, text=True, check=True)
    digits: str = json.loads(said.stdout)["clientVersion"]["minor"].rstrip("+")
    return int(digits)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """`python -m cluster_engine.serve` on a free port."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self.port = free_port()
        self.kubectl_path = kubectl_path()
        program = [sys.executable, "-m", "cluster_engine.serve", "--port", str(self.port)]
        self._errors = (folder / "serve-errors").open("w+")
        self.process = subprocess.Popen(
            [*program, "--kubeconfig", str(self.kubeconfig), *arguments],
            cwd=ROOT,
            env={**os.environ, "PODARIUM_FREEZE": "0"},
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        started = time.monotonic()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == "ready\n", self.errors()
        assert time.monotonic() - started < READY_SECONDS

    def environment(self) -> dict[str, str]:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "KUBECONFIG": str(self.kubeconfig),
            "KUBE_EDITOR": "true",
            "TZ": "UTC",
        }

    def shell_environment(self, kubectl: str = "") -> dict[str, str]:
        """The environment of a shell whose `kubectl` is that one, or the usual one."""
        path = kubectl or self.kubectl_path
        binaries = self.folder / "bin" / Path(path).name
        if not binaries.exists():
            binaries.mkdir(parents=True)
            (binaries / "kubectl").symlink_to(path)
        environment = self.environment()
        return {**environment, "PATH": f"{binaries}:{environment['PATH']}"}

    def run(self, command: str, seconds: float = COMMAND_SECONDS, *, kubectl: str = "") -> Run:
        """Runs a shell command that calls kubectl."""
        environment = self.shell_environment(kubectl)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Run(done.stdout, done.stderr, done.returncode)

    def kubectl(self, arguments: str, *, fails: bool = False) -> str:
        """Standard output of a kubectl command; standard error of one that has to fail."""
        ran = self.run(f"kubectl {arguments}")
        assert (ran.code != 0) is fails, ran
        return ran.stderr if fails else ran.stdout

    def start(self, command: str, *, kubectl: str = "") -> subprocess.Popen[str]:
        """Starts a shell command that goes on; `exec` what is to get the signals."""
        return subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.shell_environment(kubectl),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def errors(self) -> str:
        self._errors.seek(0)
        return self._errors.read()

    def stop(self) -> int:
        """Ends the server as `kill` does: its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()
            self._errors.close()
