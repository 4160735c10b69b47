"""exec and attach: what a person types goes to a process, what it prints comes back, at the end a Status.

Follows the CRI's streaming server and k8s.io/kubelet/pkg/cri/streaming/remotecommand.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cluster_engine.client.kubelet_api import Exchange, ExecQuery
from cluster_engine.containers.container import ContainerWorld
from cluster_engine.containers.pipe import NULL, Pipe, Sink, empty
from cluster_engine.containers.process import SIGWINCH, Fd, Process
from cluster_engine.containers.terminal import Terminal

if TYPE_CHECKING:
    from cluster_engine.kubelet.pod_worker import PodWorker

# What one session may print in all.
MAX_OUTPUT_BYTES = 16 * 1024 * 1024
SUCCESS: dict[str, object] = {"metadata": {}, "status": "Success"}


def failure(code: int) -> dict[str, object]:
    """The Status of a command that has ended with a code other than 0."""
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: command terminated with exit code {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def _cells(value: object, usual: int) -> int:
    """A terminal's width or height, as a client says it."""
    return min(value, 10_000) if isinstance(value, int) and value > 0 else usual


class _Session:
    """What both kinds share: the exchange, and whoever looks on keeps the pod's time going."""

    def __init__(self, worker: PodWorker, own: ContainerWorld, query: ExecQuery) -> None:
        outputs = [(Exchange.STDOUT, query.stdout), (Exchange.STDERR, query.stderr)]
        self.exchange = Exchange(
            self._receive, self._close, self._stop, tuple(channel for channel, wanted in outputs if wanted)
        )
        self._worker = worker
        self._own = own
        self._query = query
        self._terminal: Terminal | None = None
        self._stdin: Pipe = Pipe() if query.stdin else empty()
        self._printed = 0
        self._watching = True
        own.pod.watch()

    def _show(self, channel: int, data: bytes) -> None:
        if self._printed < MAX_OUTPUT_BYTES:
            self._printed += len(data)
            self.exchange.write(channel, data)

    def _end(self, status: dict[str, object]) -> None:
        self._unwatch()
        self.exchange.write(Exchange.ERROR, json.dumps(status).encode())
        self.exchange.end()

    def _unwatch(self) -> None:
        if self._watching:
            self._watching = False
            self._own.pod.unwatch()

    def _receive(self, channel: int, data: bytes) -> None:
        if channel == Exchange.RESIZE:
            self._resize(data)
        elif channel == Exchange.STDIN and self._query.stdin:
            # What is typed now is heard now.
            self._worker.inside.run()
            if self._terminal is not None:
                self._terminal.type_(data)
            else:
                self._stdin.write(data)
            self._worker.inside.woken()

    def _resize(self, data: bytes) -> None:
        try:
            size = json.loads(data)
        except ValueError:
            return
        terminal = self._terminal
        if terminal is not None and isinstance(size, dict):
            terminal.columns, terminal.rows = _cells(size.get("Width"), 80), _cells(size.get("Height"), 24)
            if terminal.leader is not None:
                terminal.leader.signal(SIGWINCH)

    def _close(self, channel: int) -> None:
        if channel == Exchange.STDIN:
            if self._terminal is not None:
                self._terminal.hang_up()
            self._stdin.close()

    def _stop(self) -> None:
        """The client has gone: what it ran goes on, unheard."""
        self._unwatch()
        self._close(Exchange.STDIN)


class ExecSession(_Session):
    """A command that runs beside a container's main process."""

    def start(self, command: list[str]) -> None:
        """Raises `ProgramNotFound`."""
        query, env = self._query, None
        fds: dict[int, Fd]
        if query.tty:
            terminal = self._terminal = Terminal(lambda data: self._show(Exchange.STDOUT, data))
            fds = {0: terminal.stdin if query.stdin else empty(), 1: terminal, 2: terminal}
            env = {**self._own.plan.env, "TERM": "xterm"}
        else:
            fds = {
                0: self._stdin,
                1: Sink(lambda data: self._show(Exchange.STDOUT, data)) if query.stdout else NULL,
                2: Sink(lambda data: self._show(Exchange.STDERR, data)) if query.stderr else NULL,
            }
        process = self._own.spawn(command, fds=fds, env=env)
        process.terminal = self._terminal
        if self._terminal is not None:
            self._terminal.leader = process
        process.on_end.append(self._ended)
        self._worker.inside.woken()

    def _ended(self, process: Process) -> None:
        self._end(failure(process.exit_code) if process.exit_code else SUCCESS)

    def refuse(self, words: str) -> None:
        """The command could not be started."""
        self._end(
            {
                "metadata": {},
                "status": "Failure",
                "message": f"Internal error occurred: {words}",
                "reason": "InternalError",
                "details": {"causes": [{"message": words}]},
                "code": 500,
            }
        )


class AttachSession(_Session):
    """The main process's own streams."""

    def __init__(self, worker: PodWorker, own: ContainerWorld, query: ExecQuery) -> None:
        super().__init__(worker, own, query)
        if own.plan.stdin:
            self._stdin = own.stdin
        if own.plan.tty:
            # The terminal is the container's; it stays when somebody leaves.
            self._terminal = own.terminal
        own.attached.append(self._heard)
        assert own.main is not None
        own.main.on_end.append(self._main_ended)

    def _heard(self, stream: str, data: bytes) -> None:
        if stream == "stderr" and self._query.stderr:
            self._show(Exchange.STDERR, data)
        elif self._query.stdout:
            self._show(Exchange.STDOUT, data)

    def _main_ended(self, process: Process) -> None:
        self._leave()
        self._end(SUCCESS)

    def _leave(self) -> None:
        if self._heard in self._own.attached:
            self._own.attached.remove(self._heard)

    def _close(self, channel: int) -> None:
        if channel == Exchange.STDIN and self._own.plan.stdin and self._terminal is None:
            self._stdin.close()

    def _stop(self) -> None:
        self._leave()
        self._unwatch()
