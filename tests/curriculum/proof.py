"""Plays a lesson on a cluster: types its text and its solution, and looks at its steps as the site does."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import yaml

from cluster_engine.cluster import Cluster, ClusterConfig, Snapshot
from cluster_engine.shell.files import MemoryFiles
from cluster_engine.shell.session import Session
from playground.curriculum import progress, start
from playground.curriculum.catalogue import Lesson, Solution, Step
from playground.curriculum.reading import Sight
from playground.curriculum.texts import Block

COMMAND_SECONDS = 420.0  # virtual; more than any command of a solution takes
WATCH_SECONDS = 5.0  # virtual; how long a command is looked at that goes on by itself
SETTLE_SECONDS = 60.0  # virtual; what a cluster may take to do what it was told
WAKE_SECONDS = 3.0  # virtual; etcd's members elect a leader anew when a cluster is woken
CONFIG = ClusterConfig(seed=7)
Change = Callable[[str], str]


@dataclass(frozen=True)
class Moment:
    """A cluster with the files of its terminal, and what was ticked by then: enough to go on from, more than once."""

    snapshot: Snapshot
    files: dict[str, str]
    done: frozenset[str]


@dataclass
class Ended:
    """A command that has ended, or was ended."""

    line: str
    code: int | None
    printed: str = field(default="")


class Player:
    """One cluster, one terminal, and the steps that are ticked."""

    def __init__(self, lesson: Lesson, moment: Moment | None = None) -> None:
        self.lesson = lesson
        self.done: set[str] = set(moment.done) if moment else set()
        self.marks: set[str] = set()
        self.cluster = Cluster(CONFIG, moment.snapshot if moment else None)
        self.files = MemoryFiles()
        for path, text in (moment.files if moment else lesson.files).items():
            self.files.write(path, text)
        self.printed: list[str] = []
        self.exits: dict[int, int] = {}
        self.session = Session(
            self.cluster,
            name="lesson-proof",
            files=self.files,
            on_output=lambda _number, _stream, text: self.printed.append(text),
            on_exit=lambda number, code: self.exits.update({number: code}),
        )
        if lesson.breakable:
            self.cluster.faults.serve_kind()
        self.cluster.run_for(1 if moment is None else WAKE_SECONDS)
        if moment is None:
            start.play_start(lesson, self.cluster)

    def moment(self) -> Moment:
        """Return the present moment."""
        files = {path: self.files.read(path) for path in self.files.list()}
        return Moment(self.cluster.snapshot(), files, frozenset(self.done))

    def missing(self, step_id: str) -> str | None:
        """Return what is missing of a step right now."""
        return self.look()[step_id]

    def look(self) -> dict[str, str | None]:
        """Look at the steps and tick those that are fulfilled."""
        found = progress.look(self.lesson, Sight(self.cluster), self.done)
        self.marks |= set(progress.set_up(self.lesson, found, self.marks, self.cluster))
        self.done |= {step_id for step_id, missing in found.items() if missing is None}
        return found

    def type(self, line: str, seconds: float = COMMAND_SECONDS) -> Ended:
        """Type a line and wait for its end, with Ctrl-C when it does not come."""
        before = len(self.printed)
        number = self.session.type_line(line)
        deadline_us = self.cluster.clock.now_us + int(seconds * 1_000_000)
        while number not in self.exits and self.cluster.clock.now_us < deadline_us:
            self.cluster.run_for(0.25)
        code = self.exits.get(number)
        if code is None:
            self.session.interrupt()
            self.cluster.run_for(1)
        return Ended(line, code, "".join(self.printed[before:]))

    def play(self, step: Step) -> None:
        """Do what a step's solution says. Every command ends by itself."""
        for part in step.solution:
            ended = self.do(part)
            assert ended is None or ended.code is not None, f"{part.line!r} does not end"

    def play_spoiled(self, step: Step, change: Change) -> None:
        """Do what a spoiled solution says, with Ctrl-C where a command waits for what will not come."""
        for part in step.solution:
            self.do(replace(part, line=change(part.line), text=change(part.text)))

    def do(self, part: Solution) -> Ended | None:
        """Do one part of a solution."""
        if part.path:
            self.files.write(part.path, part.text)
            return None
        return self.type(part.line)

    def play_text(self, step: Step, part: str = "") -> list[str]:
        """Type what the step's text says, the task or another part; return what was not as the text says."""
        wrong: list[str] = []
        last: list[Ended] = []
        blocks = self.lesson.text_by_language["en"].sections[step.id].blocks(part)
        # A text lets a file fail first, and then has it mended.
        edit_at = max((number for number, block in enumerate(blocks, 1) if block.word == "fails"), default=0)
        edit_at = -1 if part else edit_at
        for number, block in enumerate(blocks):
            if number == edit_at:
                for part in step.solution:
                    if part.path:
                        self.files.write(part.path, part.text)
            if block.word == "yaml":
                yaml.safe_load(block.body)
            elif block.word == "says":
                wrong += not_said(block, "".join(ended.printed for ended in last))
            else:
                watched = block.word == "watch"
                last = [self.type(line, WATCH_SECONDS if watched else COMMAND_SECONDS) for line in block.lines]
                wanted = {"": "success", "fails": "failure", "watch": "no end"}[block.word]
                wrong += [f"{ended.line!r}: {outcome(ended)}, not {wanted}: {ended.printed}"
                          for ended in last if outcome(ended) != wanted]  # fmt: skip
        return wrong

    def settle(self, step: Step, seconds: float = SETTLE_SECONDS) -> str | None:
        """Give the cluster some time to do what it was told; return what is then missing of the step."""
        for _ in range(int(seconds)):
            missing = self.missing(step.id)
            if missing is None:
                return None
            self.cluster.run_for(1)
        return missing

    def play_until(self, step: Step) -> None:
        """Play the lesson up to a step, which is not played."""
        for earlier in self.lesson.steps:
            if earlier.id == step.id:
                return
            self.play(earlier)
            assert self.settle(earlier) is None, (earlier.id, self.missing(earlier.id), "".join(self.printed)[-2000:])


def outcome(ended: Ended) -> str:
    """Return how a command ended."""
    return "no end" if ended.code is None else "failure" if ended.code else "success"


def not_said(block: Block, printed: str) -> list[str]:
    """Return the lines of a `says` block that were not printed; runs of spaces count as one."""
    said = " ".join(printed.split())
    return [f"{line!r} was not printed: {printed}" for line in block.lines if " ".join(line.split()) not in said]
