"""Plays a lesson on a cluster: types its solution, and looks at its steps as the site does."""

from collections.abc import Callable
from dataclasses import replace

from cluster_engine.cluster import Cluster, ClusterConfig
from cluster_engine.shell.files import MemoryFiles
from cluster_engine.shell.session import Session
from playground.curriculum import progress
from playground.curriculum.catalogue import Lesson, Solution, Step

COMMAND_SECONDS = 120.0  # virtual; more than any command of a solution takes
SETTLE_SECONDS = 60.0  # virtual; what a cluster may take to do what it was told
Change = Callable[[str], str]


class Player:
    """One cluster, one terminal, and the steps that are ticked."""

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self.done: set[str] = set()
        self.cluster = Cluster(ClusterConfig(seed=7))
        self.cluster.run_for(1)
        self.files = MemoryFiles()
        for path, text in lesson.files.items():
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

    def missing(self, step_id: str) -> str | None:
        """Return what is missing of a step right now."""
        return self.look()[step_id]

    def look(self) -> dict[str, str | None]:
        """Look at the steps and tick those that are fulfilled."""
        found = progress.look(self.lesson, self.cluster.client("lesson"), self.done)
        self.done |= {step_id for step_id, missing in found.items() if missing is None}
        return found

    def play(self, step: Step) -> None:
        """Do what a step's solution says. Every command ends by itself."""
        for part in step.solution:
            assert self._do(part), f"{part.line!r} does not end"

    def play_spoiled(self, step: Step, change: Change) -> None:
        """Do what a spoiled solution says, with Ctrl-C where a command waits for what will not come."""
        for part in step.solution:
            if not self._do(replace(part, line=change(part.line), text=change(part.text))):
                self.session.interrupt()
                self.cluster.run_for(1)

    def _do(self, part: Solution) -> bool:
        """Write a file or type a line; return whether the command has ended."""
        if part.path:
            self.files.write(part.path, part.text)
            return True
        number = self.session.type_line(part.line)
        deadline_us = self.cluster.clock.now_us + int(COMMAND_SECONDS * 1_000_000)
        while number not in self.exits and self.cluster.clock.now_us < deadline_us:
            self.cluster.run_for(0.1)
        return number in self.exits

    def settle(self, step: Step) -> str | None:
        """Give the cluster some time to do what it was told; return what is then missing of the step."""
        for _ in range(int(SETTLE_SECONDS)):
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
