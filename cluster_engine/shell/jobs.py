"""Background jobs of a session: what `&` started, and what `jobs`, `fg`, `wait` and `kill` work on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cluster_engine.kubectl.process import Process, Stream

MAX_JOBS = 20


@dataclass(slots=True)
class Job:
    """One job. `done` is closed when it has ended, so that others can wait for it."""

    number: int
    pid: int
    text: str
    done: Stream = field(default_factory=Stream)
    code: int | None = None
    killed: bool = False
    told: bool = False

    @property
    def state(self) -> str:
        if self.code is None:
            return "Running"
        if self.killed:
            return "Terminated"
        return "Done" if self.code == 0 else f"Exit {self.code}"

    def line(self, mark: str) -> str:
        """As `jobs` shows it."""
        suffix = " &" if self.code is None else ""
        return f"[{self.number}]{mark}  {self.state:<24}{self.text}{suffix}"


class Jobs:
    """The jobs of a session. `start(job, process)` and `stop(job)` are the session's."""

    def __init__(self, start: Callable[[Job, Process], None], stop: Callable[[Job], None]) -> None:
        self._start = start
        self._stop = stop
        self._jobs: list[Job] = []
        self._next_pid = 1000

    def add(self, text: str, process: Process) -> Job:
        """Starts a job. Raises OSError when there are too many."""
        if sum(1 for job in self._jobs if job.code is None) >= MAX_JOBS:
            process.close()
            raise OSError(f"too many jobs: at most {MAX_JOBS} run beside each other")
        self._next_pid += 1
        number = max((job.number for job in self._jobs), default=0) + 1
        job = Job(number, self._next_pid, text)
        self._jobs.append(job)
        self._start(job, process)
        return job

    def end(self, job: Job, code: int) -> None:
        if job.code is None:
            job.code = code
            job.done.close()

    def kill(self, job: Job) -> None:
        if job.code is None:
            job.killed = True
            self._stop(job)

    def find(self, word: str) -> Job | None:
        """The job that `%1`, `%%`, `%kube` or a process number means; "" is the latest that runs."""
        running = [job for job in self._jobs if job.code is None] or self._jobs
        if word in ("", "%", "%%", "%+"):
            return running[-1] if running else None
        if word == "%-":
            return running[-2] if len(running) > 1 else None
        body = word.removeprefix("%")
        for job in self._jobs:
            if body.isdigit():
                if (job.number if word.startswith("%") else job.pid) == int(body):
                    return job
            elif word.startswith("%") and job.text.startswith(body):
                return job
        return None

    def all(self) -> list[Job]:
        return list(self._jobs)

    def lines(self) -> list[str]:
        """What `jobs` prints; jobs that have ended are told once."""
        shown = []
        for index, job in enumerate(self._jobs):
            mark = "+" if index == len(self._jobs) - 1 else "-" if index == len(self._jobs) - 2 else " "
            shown.append(job.line(mark))
        self.forget_ended()
        return shown

    def ended_lines(self) -> list[str]:
        """What a shell says at its next prompt of jobs that have ended since the last."""
        lines = []
        for index, job in enumerate(self._jobs):
            if job.code is not None and not job.told:
                lines.append(job.line("+" if index == len(self._jobs) - 1 else "-"))
        self.forget_ended()
        return lines

    def forget_ended(self) -> None:
        self._jobs = [job for job in self._jobs if job.code is None]

    def forget(self, job: Job) -> None:
        """A job whose end was waited for is not told again."""
        if job in self._jobs and job.code is not None:
            self._jobs.remove(job)
