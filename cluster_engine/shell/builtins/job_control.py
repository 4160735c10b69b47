"""`jobs`, `fg`, `bg`, `wait`, `kill`."""

from __future__ import annotations

from collections.abc import Generator

from cluster_engine.kubectl.process import Interrupt, Process, Wait
from cluster_engine.shell.environment import Environment, Streams
from cluster_engine.shell.jobs import Job

NOT_FOUND = 127


def jobs(env: Environment, args: list[str], streams: Streams) -> Process:
    if args == ["-p"]:
        for job in env.jobs.all():
            streams.out.line(str(job.pid))
        return 0
    for line in env.jobs.lines():
        streams.out.line(line)
    return 0
    yield


def fg(env: Environment, args: list[str], streams: Streams) -> Process:
    """Waits for a job as if it had been started without `&`: Ctrl-C ends it."""
    job = env.jobs.find(args[0] if args else "")
    if job is None or job.code is not None:
        streams.err.line(f"bash: fg: {args[0] if args else 'current'}: no such job")
        return 1
    streams.out.line(job.text)
    try:
        return (yield from _end_of(env, job))
    except Interrupt:
        env.jobs.kill(job)
        env.jobs.forget(job)
        raise


def bg(env: Environment, args: list[str], streams: Streams) -> Process:
    job = env.jobs.find(args[0] if args else "")
    if job is None or job.code is not None:
        streams.err.line(f"bash: bg: {args[0] if args else 'current'}: no such job")
        return 1
    streams.err.line(f"bash: bg: job {job.number} already in background")
    return 0
    yield


def wait(env: Environment, args: list[str], streams: Streams) -> Process:
    status = 0
    words = [arg for arg in args if not arg.startswith("-")]
    if not words:
        for job in env.jobs.all():
            yield from _end_of(env, job)
        return 0
    for word in words:
        job_found = env.jobs.find(word)
        if job_found is None:
            what = "no such job" if word.startswith("%") else f"pid {word} is not a child of this shell"
            streams.err.line(f"bash: wait: {word + ': ' if word.startswith('%') else ''}{what}")
            status = NOT_FOUND
            continue
        status = yield from _end_of(env, job_found)
    return status


def _end_of(env: Environment, job: Job) -> Generator[Wait, None, int]:
    while job.code is None:
        yield Wait(streams=(job.done,))
    env.jobs.forget(job)
    return job.code


def kill(env: Environment, args: list[str], streams: Streams) -> Process:
    if args == ["-l"]:
        streams.out.line(" 1) SIGHUP   2) SIGINT   9) SIGKILL  15) SIGTERM")
        return 0
    words = [arg for arg in args if not arg.startswith("-")]
    if len(args) > 1 and args[0] == "-s":
        words = args[2:]
    if not words:
        streams.err.line("kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]")
        return 2
    code = 0
    for word in words:
        job = env.jobs.find(word)
        if job is None:
            what = f"{word}: no such job" if word.startswith("%") else f"({word}) - No such process"
            streams.err.line(f"bash: kill: {what}")
            code = 1
        else:
            env.jobs.kill(job)
    return code
    yield
