"""Why each write happened: steps, their causes, and what was decided in them.

A step is one reconcile, one scheduling attempt, one kubelet sync, one request of a person. The store asks the trace for
the present step's number at each write, so that every revision knows its step, and every step its cause.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from cluster_engine.clock import Clock

CauseKind = Literal["revision", "timer", "input", "start"]
MAX_STEPS = 4000
MAX_NOTES_PER_STEP = 50
MAX_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Cause:
    """What made a step happen: an etcd revision, a timer (what for), a person's input, or the start of the
    component.
    """

    kind: CauseKind
    ref: str


START = Cause("start", "")


@dataclass(slots=True)
class Step:
    """One turn of one component. `time_us` is virtual microseconds; `writes` are (revision, verb, key)."""

    number: int
    time_us: int
    component: str
    subject: str
    cause: Cause
    notes: list[str] = field(default_factory=list)
    writes: list[tuple[int, str, str]] = field(default_factory=list)


class Trace:
    """The steps of one cluster. Keeps the last `MAX_STEPS` that wrote or decided something."""

    def __init__(self, clock: Clock, first_number: int = 1) -> None:
        self._clock = clock
        self._next_number = first_number
        self._stack: list[Step] = []
        self.steps: deque[Step] = deque(maxlen=MAX_STEPS)
        # What went wrong inside the engine itself, with its traceback: a defect, never a user's mistake.
        self.faults: deque[str] = deque(maxlen=MAX_FAULTS)
        self.on_step: list[Callable[[Step], None]] = []

    @property
    def current(self) -> Step | None:
        return self._stack[-1] if self._stack else None

    @property
    def number(self) -> int:
        """The present step's number, or 0 outside any step."""
        return self._stack[-1].number if self._stack else 0

    @property
    def next_number(self) -> int:
        return self._next_number

    def begin(self, component: str, subject: str, cause: Cause) -> Step:
        step = Step(self._next_number, self._clock.now_us, component, subject, cause)
        self._next_number += 1
        self._stack.append(step)
        return step

    def end(self) -> Step:
        """Closes the present step; a step that neither wrote nor noted anything is forgotten."""
        step = self._stack.pop()
        if step.writes or step.notes:
            self.steps.append(step)
            for callback in self.on_step:
                callback(step)
        return step

    def note(self, text: str) -> None:
        """Says in words and numbers what the present step decided."""
        if self._stack and len(self._stack[-1].notes) < MAX_NOTES_PER_STEP:
            self._stack[-1].notes.append(text)

    def wrote(self, revision: int, verb: str, key: str) -> None:
        if self._stack:
            self._stack[-1].writes.append((revision, verb, key))

    def fault(self, component: str, subject: str) -> None:
        """Records the exception that is being handled, so that it is told and not lost."""
        text = f"{component} failed on {subject}:\n{traceback.format_exc(limit=12)}"
        self.faults.append(text)
        self.note(text.rstrip().rsplit("\n", 1)[-1])

    def find(self, number: int) -> Step | None:
        """The step with that number, if it is still kept."""
        for step in reversed(self.steps):
            if step.number == number:
                return step
            if step.number < number:
                return None
        return None
