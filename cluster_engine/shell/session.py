"""A terminal's session: lines are queued, run one after the other, and their output handed on.

The session is a component of its cluster: each line is a step caused by the person's input, and so is each time that a
waiting command goes on. Commands wait in virtual time. Jobs in the background run beside the line in the foreground.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal

from cluster_engine.client.component import Component
from cluster_engine.cluster import Cluster
from cluster_engine.kubectl.local_ports import LocalPorts
from cluster_engine.kubectl.process import Interrupt, Output, Process, Stream
from cluster_engine.shell import completion, interpreter, prompts, recall
from cluster_engine.shell.builtins.registry import BUILTINS
from cluster_engine.shell.completion import Completion
from cluster_engine.shell.editor_pane import EditorPane, OnOpenEditor
from cluster_engine.shell.environment import Budget, Environment, Streams
from cluster_engine.shell.files import Files, TidyFiles
from cluster_engine.shell.jobs import Job, Jobs
from cluster_engine.shell.tasks import Task
from cluster_engine.trace import Cause

MAX_OUTPUT_CHARACTERS = 1024 * 1024
MAX_SUBJECT = 200
INTERRUPTED = 130
TERMINATED = 143
FAILED = 1
_TOO_MUCH = f"\nbash: more than {MAX_OUTPUT_CHARACTERS:,} characters were printed; the rest is left out\n"

OnOutput = Callable[[int, str, str], None]
OnExit = Callable[[int, int], None]
InputMode = Literal["none", "line", "keys"]

__all__ = ["Completion", "Session"]


class Session(Component):
    """One terminal. `on_output(command number, stream, text)`, `on_exit(command number, exit code)`, and
    `on_start(command number)` just before a line that may have waited has its turn.

    The stream is "stdout", "stderr", or "hint" for what a real terminal would not say. What a job prints comes under
    the number of the line that started it, after that line's exit.

    `on_open_editor(path, awaited)` is called for `vi FILE`, and for `kubectl edit`, which waits (`awaited`) until
    `close_editor(path)`. With `interactive`, somebody types: commands may read what `type_input` gives, and
    `on_input_mode` is called with each new `input_mode`. The sessions of a sandbox share their `ports`.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        name: str,
        files: Files,
        on_output: OnOutput,
        on_exit: OnExit,
        on_start: Callable[[int], None] | None = None,
        on_open_editor: OnOpenEditor | None = None,
        on_input_mode: Callable[[InputMode], None] | None = None,
        look: str = "current",
        interactive: bool = False,
        ports: LocalPorts | None = None,
    ) -> None:
        super().__init__(f"terminal-{name}", cluster.clock, cluster.trace, cluster.turns)
        self._cluster = cluster
        self._jobs = Jobs(self._start_job, self._stop_job)
        self._editor = EditorPane(on_open_editor)
        self._env = Environment(
            cluster,
            TidyFiles(files),
            run_script=interpreter.run_script,
            run_words=interpreter.run_words,
            jobs=self._jobs,
            rng=cluster.rng.stream(f"terminal-{name}"),
            editor=self._editor,
            ports=ports or LocalPorts(),
            look=look,
            hint=self._hint,
        )
        self._on_output = on_output
        self._on_exit = on_exit
        self._on_start = on_start
        self._interactive = interactive
        self._on_input_mode = on_input_mode
        self._input_mode: InputMode = "none"
        self._size = (80, 24)
        self._stdin = Stream(closed=True)
        self._queue: deque[tuple[int, str]] = deque()
        self._next_number = 1
        self._foreground: Task | None = None
        self._background: list[Task] = []
        # The task whose step this is.
        self._present: Task | None = None
        # What the present step has printed, adjacent pieces of one stream joined.
        self._pending: list[tuple[int, str, list[str]]] = []
        cluster.attach(self)

    @property
    def busy(self) -> bool:
        """Whether a command runs or waits for its turn; jobs in the background do not count."""
        return self._foreground is not None or bool(self._queue)

    @property
    def jobs(self) -> int:
        """How many jobs run in the background."""
        return len(self._background)

    @property
    def reading(self) -> bool:
        """Whether the command in the foreground waits for what is typed."""
        return self.input_mode != "none"

    @property
    def input_mode(self) -> InputMode:
        """What `type_input` is to be given: "line", whole lines that are shown as they are typed; "keys", each key as
        it comes (Ctrl-C and Ctrl-D as well), which the container's terminal shows; "none", nothing.
        """
        task = self._foreground
        if task is None or task.wait is None or self._stdin not in task.wait.streams:
            return "none"
        return "keys" if self._stdin.raw else "line"

    @property
    def look(self) -> str:
        return self._env.look

    @look.setter
    def look(self, look: str) -> None:
        self._env.look = look

    @property
    def directory(self) -> str:
        """Where the shell stands, for the prompt: `~`, `~/web`."""
        inner = self._env.files.directory
        return f"~/{inner}" if inner else "~"

    def type_line(self, line: str) -> int:
        """Queues a line (several, when they were pasted together) and returns the command's number."""
        number = self._next_number
        self._next_number += 1
        self._queue.append((number, line))
        self.wake()
        return number

    def type_input(self, text: str) -> None:
        """What is typed while a command reads: keys or whole lines, see `input_mode`; "" is the end of the input."""
        if text:
            self._stdin.write(text)
        else:
            self._stdin.close()
        self.wake()

    def resize(self, columns: int, rows: int) -> None:
        """The window has another size; the terminal of a container that somebody types in is told."""
        self._size = (columns, rows)
        if self._stdin.resize(columns, rows):
            self.wake()

    def close_editor(self, path: str) -> None:
        """The person is done with an awaited file; what counts is the file as it is now."""
        self._editor.close(path)
        self.wake()

    @property
    def awaited_files(self) -> list[str]:
        """The files in the editor that a command waits for."""
        return self._editor.awaited

    def interrupt(self) -> None:
        """Ctrl-C: ends the command that runs, and forgets what was typed ahead."""
        while self._queue:
            number, _ = self._queue.popleft()
            self._on_exit(number, INTERRUPTED)
        if self._foreground is not None:
            self._foreground.interrupted = True
            self.wake()

    def complete(self, line: str, cursor: int) -> Completion:
        """What could stand at the cursor (an index into the line)."""
        return completion.complete(self._env, line, cursor)

    def has_work(self) -> bool:
        if self._foreground is None and self._queue:
            return True
        return any(task.can_go_on for task in self._tasks())

    def _tasks(self) -> list[Task]:
        return [*([self._foreground] if self._foreground is not None else []), *self._background]

    def step(self) -> None:
        """One task goes on: the foreground's before the jobs', but no job waits for ever."""
        if self._foreground is None and self._queue:
            self._start()
        task = next((one for one in self._tasks() if one.can_go_on), None)
        if task is None:
            return
        self._present = task
        with self.traced(task.line[:MAX_SUBJECT], Cause("input", f"command {task.number}")):
            code = self._advance(task)
        if code is not None:
            self._finish(task, code)
        self._present = None
        self._flush()
        self._tell_input_mode()
        if code is not None and task.job is None:
            self._on_exit(task.number, code)

    def _tell_input_mode(self) -> None:
        mode = self.input_mode
        if mode != self._input_mode:
            self._input_mode = mode
            if self._on_input_mode is not None:
                self._on_input_mode(mode)

    def _start(self) -> None:
        number, line = self._queue.popleft()
        if self._on_start is not None:
            self._on_start(number)
        env = self._env
        text = prompts.without_prompts(line, self._is_command)
        self._stdin = Stream(closed=not self._interactive, terminal=self._interactive)
        self._stdin.resize(*self._size)
        streams = Streams(self._stdin, Output(self._writer(number, "stdout")), Output(self._writer(number, "stderr")))
        env.budget = Budget()
        try:
            recalled = recall.recalled(text, env.history)
        except recall.NoSuchEvent as error:
            self._foreground = Task(number, text.strip(), _refused(str(error), streams), self.wake)
            return
        if recalled != text:
            self._hold(number, "stdout", recalled + "\n")
        if recalled.strip():
            env.remember(recalled.strip("\n"))
        process = interpreter.run_text(env, recalled, streams)
        self._foreground = Task(number, recalled.strip(), process, self.wake)

    def _is_command(self, word: str) -> bool:
        return word == "kubectl" or word in BUILTINS or word in self._env.aliases or word in prompts.RESERVED

    def _advance(self, task: Task) -> int | None:
        """Lets a command run up to where it waits (None) or ends (its exit code)."""
        task.disarm()
        try:
            if task.interrupted:
                task.interrupted = False
                wait = task.process.throw(Interrupt())
            else:
                wait = next(task.process)
            task.arm(wait, self.clock)
        except StopIteration as done:
            return int(done.value or 0)
        except Interrupt as interrupt:
            return interrupt.code
        except Exception as error:
            # A fault of ours must not take the terminal with it.
            self.trace.note(f"internal error: {type(error).__name__}: {error}")
            name = " ".join(task.line.split(None, 2)[:2])
            self._writer(task.number, "stderr")(
                f"error: internal error in {name}: {type(error).__name__}; it has been recorded\n"
            )
            return FAILED
        return None

    def _finish(self, task: Task, code: int) -> None:
        if task.job is not None:
            self._background.remove(task)
            self._jobs.end(task.job, TERMINATED if task.job.killed else code)
            return
        self._foreground = None
        self._env.status = code
        for line in self._jobs.ended_lines():
            self._hold(task.number, "stderr", line + "\n")

    def _start_job(self, job: Job, process: Process) -> None:
        number = self._present.number if self._present is not None else 0
        self._background.append(Task(number, job.text, process, self.wake, job))
        self.wake()

    def _stop_job(self, job: Job) -> None:
        for task in self._background:
            if task.job is job:
                task.interrupted = True
                self.wake()

    def _writer(self, number: int, stream: str) -> Callable[[str], None]:
        def write(text: str) -> None:
            task = self._present
            if not text or task is None or task.printed > MAX_OUTPUT_CHARACTERS:
                return
            room = MAX_OUTPUT_CHARACTERS - task.printed
            task.printed += len(text)
            self._hold(number, stream, text[:room])
            if len(text) > room:
                self._hold(number, "stderr", _TOO_MUCH)

        return write

    def _hint(self, text: str) -> None:
        if self._present is not None:
            self._hold(self._present.number, "hint", text + "\n")

    def _hold(self, number: int, stream: str, text: str) -> None:
        if self._pending and self._pending[-1][:2] == (number, stream):
            self._pending[-1][2].append(text)
        else:
            self._pending.append((number, stream, [text]))

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        for number, stream, parts in pending:
            self._on_output(number, stream, "".join(parts))


def _refused(message: str, streams: Streams) -> Process:
    streams.err.line(f"bash: {message}")
    return FAILED
    yield
