"""The terminals of one live sandbox: the engine's shell sessions, and the numbered commands that were typed in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from django.utils.translation import gettext_noop as _

from cluster_engine.cluster import Cluster
from cluster_engine.kubectl.local_ports import LocalPorts
from cluster_engine.shell.looks import CURRENT
from cluster_engine.shell.session import Completion, Session
from playground.sandboxes import limits
from playground.sandboxes.feed import Frame
from playground.sandboxes.home import Home
from playground.sandboxes.recovery import CommandLog

OUTPUT_CUT = f"\n[more than {limits.MAX_OUTPUT_CHARACTERS:,} characters were printed; the rest is left out]\n"


class Recorder(Protocol):
    """Who writes down what happens in the terminals."""

    def typed(self, command: CommandLog, user_id: int | None, kind: str = "typed") -> None: ...
    def printed(self, command: CommandLog, stream: str, text: str) -> None: ...
    def begun(self, command: CommandLog) -> None: ...
    def exited(self, command: CommandLog, code: int) -> None: ...
    def told(self, frame: Frame) -> None: ...


class Terminals:
    """Sessions by name, made at their first use. Commands are numbered over all terminals and restarts."""

    def __init__(
        self, cluster: Cluster, home: Home, recorder: Recorder, next_command: int, look: str = CURRENT
    ) -> None:
        self._cluster = cluster
        self._home = home
        self._recorder = recorder
        self._next_command = next_command
        self._last_begun = next_command - 1
        self._look = look
        self.ports = LocalPorts(lambda: recorder.told(self.ports_frame()))
        self._sessions: dict[str, Session] = {}
        self._running: dict[tuple[str, int], CommandLog] = {}
        self._typing: dict[str, CommandLog] = {}
        # Lines that have ended, and whose jobs in the background may still print.
        self._lingering: dict[tuple[str, int], CommandLog] = {}

    def type_line(self, terminal: str, line: str, user_id: int | None) -> CommandLog:
        """Queues a line in a terminal. Raises `LimitError`."""
        limits.check_line(line)
        session = self._session(terminal)
        if sum(1 for name, _ in self._running if name == terminal) >= limits.MAX_QUEUED_COMMANDS:
            raise limits.LimitError(
                _("too many commands wait in this terminal; stop the one that runs with Ctrl-C")
            )
        command = CommandLog(self._next_command, terminal, line)
        self._next_command += 1
        self._recorder.typed(command, user_id)
        # A session may print before it returns the number that it gives the line.
        self._typing[terminal] = command
        number = session.type_line(line)
        del self._typing[terminal]
        if not command.ended:
            self._running[(terminal, number)] = command
        return command

    def answer(self, terminal: str, line: str, text: str, user_id: int | None, kind: str) -> None:
        """Writes down a line that is not the shell's to run, and what is said to it."""
        self._session(terminal)  # as many as there may be
        command = CommandLog(self._next_command, terminal, line)
        self._next_command += 1
        self._recorder.typed(command, user_id, kind)
        self._on_start(terminal, 0, command)
        self._recorder.printed(command, "stderr", text)
        command.ended = True
        self._recorder.exited(command, 1)

    @property
    def last_command(self) -> int:
        """The number of the last command that has begun; 0 before the first one."""
        return self._last_begun

    # What a person does while a command runs.

    def type_input(self, terminal: str, text: str) -> None:
        """Keys or a line for the command that reads; "" is the end of the input. Raises `LimitError`."""
        limits.check_line(text)
        session = self._sessions.get(terminal)
        if session is None or not session.reading:
            return
        if session.input_mode == "line" and text:
            self._echo(terminal, text)
        session.type_input(text)

    def _echo(self, terminal: str, text: str) -> None:
        """A terminal shows what is typed; a container's does so by itself."""
        command = next((one for (name, _), one in self._running.items() if name == terminal), None)
        if command is not None and command.characters < limits.MAX_OUTPUT_CHARACTERS:
            command.characters += len(text)
            self._recorder.printed(command, "stdin", text)

    def resize(self, terminal: str, columns: int, rows: int) -> None:
        """The terminal's window has another size."""
        if terminal in self._sessions:
            self._sessions[terminal].resize(columns, rows)

    def close_editor(self, terminal: str, path: str) -> None:
        """The person is done with a file that a command waits for."""
        if terminal in self._sessions:
            self._sessions[terminal].close_editor(path)

    def state_frames(self) -> list[Frame]:
        """What a browser that comes has to know beside what was printed: who reads, what is edited, which ports."""
        frames: list[Frame] = [self.ports_frame()]
        for name, session in self._sessions.items():
            frames.append({"type": "input", "terminal": name, "mode": session.input_mode})
            frames += [_editor_frame(name, path, awaited=True) for path in session.awaited_files]
        return frames

    def ports_frame(self) -> Frame:
        """What `kubectl port-forward` leads to pods."""
        return {
            "type": "ports",
            "ports": [
                {"port": one.local_port, "namespace": one.namespace, "pod": one.pod, "pod_port": one.pod_port}
                for one in self.ports.forwardings
            ],
        }

    def reads(self, terminal: str) -> bool:
        """Whether a command waits there for what is typed."""
        return terminal in self._sessions and self._sessions[terminal].reading

    @property
    def look(self) -> str:
        return self._look

    @look.setter
    def look(self, look: str) -> None:
        """From the next line on, every terminal shows kubectl so."""
        self._look = look
        for session in self._sessions.values():
            session.look = look

    def interrupt(self, terminal: str) -> None:
        if terminal in self._sessions:
            self._sessions[terminal].interrupt()

    def interrupt_all(self) -> None:
        for session in self._sessions.values():
            if session.busy:
                session.interrupt()

    def complete(self, terminal: str, line: str, cursor: int) -> Completion:
        limits.check_line(line)
        return self._session(terminal).complete(line, max(0, min(cursor, len(line))))

    @property
    def busy(self) -> bool:
        return any(session.busy for session in self._sessions.values())

    def _session(self, name: str) -> Session:
        session = self._sessions.get(name)
        if session is None:
            limits.check_terminal(name)
            if len(self._sessions) >= limits.MAX_TERMINALS:
                raise limits.LimitError(_("a sandbox has at most {limit} terminals"), limit=limits.MAX_TERMINALS)
            session = self._sessions[name] = Session(
                self._cluster, name=name, files=self._home,
                on_output=self._callback(name, self._on_output), on_exit=self._callback(name, self._on_exit),
                on_start=self._callback(name, self._on_start),
                on_open_editor=lambda path, awaited: self._recorder.told(_editor_frame(name, path, awaited=awaited)),
                on_input_mode=lambda mode: self._recorder.told({"type": "input", "terminal": name, "mode": mode}),
                look=self._look, interactive=True, ports=self.ports,
            )
        return session

    def _callback(self, terminal: str, function: Callable[..., None]) -> Callable[..., None]:
        def call(number: int, *values: object) -> None:
            key = (terminal, number)
            command = self._running.get(key) or self._lingering.get(key) or self._typing.get(terminal)
            if command is not None:
                function(terminal, number, command, *values)

        return call

    def _on_start(self, terminal: str, number: int, command: CommandLog) -> None:
        if not command.begun:
            command.begun = True
            self._recorder.begun(command)
            self._last_begun = max(self._last_begun, command.number)

    def _on_output(self, terminal: str, number: int, command: CommandLog, stream: str, text: str) -> None:
        room = limits.MAX_OUTPUT_CHARACTERS - command.characters
        if room <= 0 or not text:
            return
        command.characters += len(text)
        if len(text) > room:
            text = text[:room] + OUTPUT_CUT
        self._recorder.printed(command, stream, text)

    def _on_exit(self, terminal: str, number: int, command: CommandLog, code: int) -> None:
        self._on_start(terminal, number, command)  # it may have been ended before its turn came
        self._running.pop((terminal, number), None)
        if self._sessions[terminal].jobs:
            self._lingering[(terminal, number)] = command
        else:
            self._lingering = {key: one for key, one in self._lingering.items() if key[0] != terminal}
        command.ended = True
        self._recorder.exited(command, code)


def _editor_frame(terminal: str, path: str, *, awaited: bool) -> Frame:
    return {"type": "editor", "terminal": terminal, "path": path, "awaited": awaited}
