"""One sandbox that is awake: its cluster, its terminals and files, and what of all that is written down by now.

Two states run one behind the other. The engine is ahead: what it does is collected in a batch. When the batch is
written, `acknowledge` lets it into `view`, `commands`, `steps` and the feed, which are all that browsers ever see. So
whatever somebody has seen survives a crash.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.client.client import Client
from cluster_engine.client.component import Component
from cluster_engine.clock import SECOND_US
from cluster_engine.cluster import Cluster
from cluster_engine.etcd.store import Commit
from cluster_engine.shell.session import Session
from cluster_engine.trace import Step
from playground.sandboxes import limits
from playground.sandboxes.feed import Change, Feed, Frame, Told
from playground.sandboxes.home import Home
from playground.sandboxes.journal import Batch, CommandPoint, FileChange, Output, TypedCommand
from playground.sandboxes.pace import Pace
from playground.sandboxes.recovery import CommandLog, Recovered
from playground.sandboxes.terminals import Terminals

STEPS_PER_CHECK = 5
# How far one press of the step button goes when nothing happens.
FURTHEST_STEP_US = 600 * SECOND_US
MAX_TURNS_PER_STEP = 20_000


@dataclass(slots=True)
class Pending:
    """A batch on its way to the database, and what to tell browsers once it is there."""

    batch: Batch
    told: list[tuple[Told, CommandLog | None]] = field(default_factory=list)
    forced: bool = False

    def __bool__(self) -> bool:
        return self.forced or bool(self.batch)


class Live:
    """A sandbox in memory. Touched on the event loop only."""

    def __init__(self, recovered: Recovered, cluster: Cluster, now_seconds: float) -> None:
        self.sandbox = recovered.sandbox
        self.cluster = cluster
        self.pace = Pace(cluster.clock.now_us, now_seconds, self.sandbox.speed, self.sandbox.paused)
        self.home = Home(recovered.files, self._file_changed)
        self.terminals = Terminals(cluster, self.home, self, recovered.next_command, self.sandbox.look)
        self.feed = Feed(recovered.store.revision)
        self.view: dict[str, Obj] = {item.key: item.value for item in recovered.store.items}
        self.steps: deque[Step] = deque(recovered.steps, maxlen=limits.TIMELINE_STEPS)
        self.commands: deque[CommandLog] = deque(recovered.commands, maxlen=limits.HISTORY_COMMANDS)
        self.files: dict[str, str] = dict(recovered.files)
        self.revision_rows = recovered.revision_rows
        self.progress: Frame | None = None
        self.progress_is_stale = True
        self.viewers = 0
        self.left_seconds = now_seconds
        self.closed = False
        self.moved = False  # closed because it goes on elsewhere: as another live sandbox
        self._last_step: Step | None = None
        self._saving: object = None
        self._contents: dict[str, str] = dict(recovered.files)
        self._pending = self._new_pending()
        # What the components wrote while they started is not written down yet.
        self._pending.batch.commits.extend(cluster.store.history_since(recovered.store.revision))
        cluster.store.on_commit(self._on_commit)
        if not recovered.store.revision:
            self._pending.batch.start = (cluster.revision, cluster.clock.now_us)

    def client(self, user_agent: str) -> Client:
        """A client of the cluster's API server."""
        return self.cluster.client(user_agent)

    # What happens is collected.

    def _new_pending(self) -> Pending:
        return Pending(Batch(self.sandbox.pk, self.sandbox.epoch))

    def _on_commit(self, commit: Commit) -> None:
        self._pending.batch.commits.append(commit)

    def _file_changed(self, path: str, text: str | None) -> None:
        self._pending.batch.files[path] = text
        change = FileChange(self.terminals.last_command, path, self._contents.get(path), self._saving is not None)
        self._pending.batch.files_before.append(change)
        if text is None:
            self._contents.pop(path, None)
        else:
            self._contents[path] = text
        if text is None:
            self._tell({"type": "file_deleted", "path": path})
        else:
            self._tell({"type": "file", "path": path, "text": text}, but=self._saving)

    def save(self, path: str, text: str, visitor: object) -> None:
        """Saves a file from a visitor's editor: they are told that it is saved, all others are sent it. `OSError`."""
        self._saving = visitor
        try:
            self.home.write(path, text)
        finally:
            self._saving = None
        self._pending.forced = True
        self._tell({"type": "saved", "path": path}, to=visitor)

    def typed(self, command: CommandLog, user_id: int | None, kind: str = "typed") -> None:
        time_us = self.cluster.clock.now_us
        row = TypedCommand(command.number, command.terminal, command.line, time_us, user_id, kind)
        self._pending.batch.commands.append(row)
        frame = {"type": "started", "terminal": command.terminal, "command": command.number, "line": command.line}
        self._tell(frame, command)

    def begun(self, command: CommandLog) -> None:
        """The command has its turn: this is the point to which an undo of it leads."""
        cluster = self.cluster
        # What containers wrote has to be in etcd by now.
        cluster.save_disks()
        point = CommandPoint(command.number, cluster.revision, cluster.trace.next_number, cluster.clock.now_us)
        self._pending.batch.points.append(point)

    def printed(self, command: CommandLog, stream: str, text: str) -> None:
        output, told = self._pending.batch.output, self._pending.told
        last = told[-1][0].frame if told else {}
        if last.get("type") == "output" and last["command"] == command.number and last["stream"] == stream:
            # Programs print piece by piece; what comes in one go is one chunk.
            output[-1].text += text
            last["text"] += text
            return
        output.append(Output(command.number, command.chunks, stream, text))
        command.chunks += 1
        self._tell({
            "type": "output", "terminal": command.terminal, "command": command.number, "stream": stream, "text": text,
        }, command)

    def exited(self, command: CommandLog, code: int) -> None:
        self._pending.batch.exits.append((command.number, code))
        self._tell({"type": "exit", "terminal": command.terminal, "command": command.number, "code": code}, command)

    def told(self, frame: Frame) -> None:
        """Something to tell browsers that needs no rows of its own."""
        self._pending.forced = True
        self._tell(frame)

    def _tell(
        self, frame: Frame, command: CommandLog | None = None, *, to: object = None, but: object = None
    ) -> None:
        self._pending.told.append((Told(frame, to, but), command))

    def change_pace(self, now_seconds: float, speed: float, paused: bool) -> None:
        self.pace.change(now_seconds, speed, paused)
        self.sandbox.speed, self.sandbox.paused = speed, paused
        self._pending.forced = True
        self._tell(self.clock_frame())

    def change_look(self, look: str) -> None:
        """Another look of kubectl, for all terminals."""
        self.sandbox.look = self.terminals.look = look
        self.told(self.look_frame())

    def show_lesson(self, slug: str) -> None:
        self.sandbox.lesson = slug
        self._pending.forced = True
        self.progress = None
        self.progress_is_stale = True

    # A slice of work.

    def run_slice(self, now_seconds: float, out_of_time: Any) -> bool:
        """Lets the cluster catch up with the pace until `out_of_time()`; returns whether something is left to do."""
        if self.pace.paused:
            return self._serve_people(out_of_time)
        target_us = self.pace.target_us(now_seconds)
        while not self.cluster.run_until(target_us, max_steps=STEPS_PER_CHECK):
            if len(self._pending.batch.commits) >= limits.FEED_ENTRIES // 2:
                return True  # let the writer catch up first
            if out_of_time():
                if self.pace.lags(now_seconds, self.cluster.clock.now_us):
                    self.pace.rebase(now_seconds, self.cluster.clock.now_us)
                return True
        return False

    def end_commands(self) -> None:
        """Lets interrupted commands end, without letting time pass."""
        if self.pace.paused:
            self._serve_people(lambda: False)
        else:
            self.cluster.run_until(self.cluster.clock.now_us, max_steps=1000)

    def _serve_people(self, out_of_time: Any) -> bool:
        """Time stands still, and so do the components: only what somebody types is done."""
        turns = self.cluster.turns
        while (session := turns.pop_where(_is_terminal)) is not None:
            session.take_turn()
            if out_of_time():
                return turns.has(_is_terminal)
        return False

    def step_once(self, now_seconds: float) -> None:
        """Stops time, and lets components do the next thing that can be seen; the clock goes as far as need be."""
        cluster = self.cluster
        self.change_pace(now_seconds, self.pace.speed, paused=True)
        end_us = cluster.clock.now_us + FURTHEST_STEP_US
        seen = _last_step(cluster)
        for _ in range(MAX_TURNS_PER_STEP):
            due_us = cluster.next_due_us
            if due_us is None or due_us > end_us:
                break
            cluster.step()
            latest = _last_step(cluster)
            if latest is not None and latest is not seen and _can_be_seen(latest):
                break
            seen = latest
        self.pace.rebase(now_seconds, cluster.clock.now_us)
        self.told(self.clock_frame())

    def due_seconds(self) -> float | None:
        """When (real time) the cluster has something to do next: now, at its next timer, or never."""
        if self.pace.paused:
            return 0.0 if self.cluster.turns.has(_is_terminal) else None
        if len(self.cluster.turns):
            return 0.0
        timer_us = self.cluster.clock.next_timer_us()
        return None if timer_us is None else self.pace.due_seconds(timer_us)

    # What is written is let out.

    def take_pending(self, *, force: bool = False) -> Pending | None:
        """What there is to write since the last time, and how far it brings the sandbox; None when there is nothing."""
        self._pending.batch.steps.extend(self._new_steps())
        if not self._pending and not force:
            return None
        taken, self._pending = self._pending, self._new_pending()
        batch = taken.batch
        batch.time_us = self.cluster.clock.now_us
        batch.revision = self.cluster.revision
        batch.next_step = self.cluster.trace.next_number
        batch.speed, batch.paused, batch.lesson = self.sandbox.speed, self.sandbox.paused, self.sandbox.lesson
        batch.look = self.sandbox.look
        return taken

    def _new_steps(self) -> list[Step]:
        steps = self.cluster.trace.steps
        found: list[Step] = []
        for step in reversed(steps):
            if step is self._last_step:
                break
            found.append(step)
        if found:
            self._last_step = found[0]
        found.reverse()
        return found

    def acknowledge(self, written: Pending) -> None:
        """Its rows are committed: now browsers may know."""
        for commit in written.batch.commits:
            if commit.value is None:
                self.view.pop(commit.key, None)
            else:
                self.view[commit.key] = commit.value
            self.feed.append(Change(commit.revision, commit.time_us, commit.key, commit.value, commit.step))
        for step in written.batch.steps:
            self.steps.append(step)
            self.feed.append(step)
        for told, command in written.told:
            self._acknowledge_frame(told.frame, command)
            self.feed.append(told)
        self.files.update({path: text for path, text in written.batch.files.items() if text is not None})
        for path, text in written.batch.files.items():
            if text is None:
                self.files.pop(path, None)
        self.revision_rows += len(written.batch.commits)
        if written.batch.commits or written.batch.exits or written.batch.commands:
            self.progress_is_stale = True

    def _acknowledge_frame(self, frame: Frame, command: CommandLog | None) -> None:
        if command is None:
            return
        if frame["type"] == "started":
            self.commands.append(command)
        elif frame["type"] == "output":
            command.output.append([frame["stream"], frame["text"]])
        elif frame["type"] == "exit":
            command.exit_code = frame["code"]

    def announce(self, frame: Frame) -> None:
        """Tells browsers something that needs no rows."""
        self.feed.append(Told(frame))

    # What browsers start from.

    def clock_frame(self) -> Frame:
        return {
            "type": "clock", "time_us": self.cluster.clock.now_us, "speed": self.pace.speed, "paused": self.pace.paused,
        }

    def state_frames(self) -> list[Frame]:
        """What else a browser that comes has to know."""
        return [self.look_frame(), *self.terminals.state_frames()]

    def look_frame(self) -> Frame:
        return {"type": "look", "look": self.terminals.look}

    def history_frame(self) -> Frame:
        """The commands and files as they are written down."""
        commands = [
            {
                "number": c.number, "terminal": c.terminal, "line": c.line, "output": list(c.output),
                "exit_code": c.exit_code,
            }
            for c in self.commands
        ]
        files = [{"path": path, "text": self.files[path]} for path in sorted(self.files)]
        return {"type": "history", "commands": commands, "files": files}


def _is_terminal(component: Component) -> bool:
    return isinstance(component, Session)


def _last_step(cluster: Cluster) -> Step | None:
    return cluster.trace.steps[-1] if cluster.trace.steps else None


def _can_be_seen(step: Step) -> bool:
    """Whether it decided something, or wrote more than events and heartbeats."""
    quiet = ("/registry/events/", "/registry/leases")
    return bool(step.notes) or any(not key.startswith(quiet) for _, _, key in step.writes)
