"""Commands joined by pipes, run as one process: each goes on when there is something for it to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cluster_engine.clock import Clock
from cluster_engine.kubectl.process import Process, Stream, Wait

BROKEN_PIPE = 141
# Who writes into a pipe that holds more has to wait until somebody reads.
MAX_PIPE_CHARACTERS = 256 * 1024


@dataclass(slots=True)
class Stage:
    """One command of a pipeline, what it reads and what it writes into."""

    process: Process
    reads: Stream
    writes: Stream | None
    # Whether what it reads is the pipeline's own pipe, and not what the whole pipeline reads.
    owns_reads: bool = True
    waiting: Wait | None = None
    code: int | None = None


def run(stages: Sequence[Stage], clock: Clock) -> Process:
    """Runs all stages to their ends; the last one's exit code is the pipeline's."""
    try:
        while True:
            moved = False
            for stage in stages:
                while stage.code is None and _can_go_on(stage, clock):
                    _go_on(stage)
                    moved = True
            if all(stage.code is not None for stage in stages):
                return stages[-1].code or 0
            if not moved:
                yield _together(stages)
    finally:
        for stage in stages:
            stage.process.close()


def _can_go_on(stage: Stage, clock: Clock) -> bool:
    wait = stage.waiting
    if stage.writes is not None:
        if stage.writes.abandoned:
            return True
        if stage.writes.held > MAX_PIPE_CHARACTERS:
            return False
    if wait is None:
        return True
    if any(stream.ready for stream in wait.streams) or any(len(watch) or watch.ended for watch in wait.watches):
        return True
    return wait.deadline_us is not None and clock.now_us >= wait.deadline_us


def _go_on(stage: Stage) -> None:
    if stage.writes is not None and stage.writes.abandoned:
        # Nobody reads any more: the command ends, as by SIGPIPE.
        stage.process.close()
        _end(stage, BROKEN_PIPE)
        return
    try:
        stage.waiting = next(stage.process)
    except StopIteration as done:
        _end(stage, int(done.value))


def _end(stage: Stage, code: int) -> None:
    stage.code = code
    if stage.owns_reads:
        stage.reads.abandon()
    if stage.writes is not None:
        stage.writes.close()


def _together(stages: Sequence[Stage]) -> Wait:
    """What all stages that are left wait for, beside each other."""
    waits = [stage.waiting for stage in stages if stage.code is None and stage.waiting is not None]
    deadlines = [wait.deadline_us for wait in waits if wait.deadline_us is not None]
    inner = {id(stage.writes) for stage in stages}
    return Wait(
        streams=tuple(stream for wait in waits for stream in wait.streams if id(stream) not in inner),
        watches=tuple(watch for wait in waits for watch in wait.watches),
        deadline_us=min(deadlines, default=None),
    )
