"""Reads through kubectl for others: what a command would print, at once."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apiserver.server import ApiServer
from cluster_engine.clock import Clock
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.process import Output, Stream
from cluster_engine.kubectl.root import main


class _NoFiles:
    def read(self, path: str) -> str:
        raise FileNotFoundError(path)

    def write(self, path: str, text: str) -> None:
        raise OSError(f"{path}: nothing is kept here")

    def delete(self, path: str) -> None:
        raise FileNotFoundError(path)

    def list(self) -> list[str]:
        return []


def run_at_once(server: ApiServer, clock: Clock, words: Sequence[str]) -> tuple[str, str, int]:
    """(standard output, standard error, exit code) of a command that does not wait.

    One that would is ended with 130.
    """
    out: list[str] = []
    err: list[str] = []
    factory = Factory(
        server,
        clock,
        out=Output(out.append),
        err=Output(err.append),
        stdin=Stream(closed=True),
        files=_NoFiles(),
    )
    process = main(factory, words)
    try:
        next(process)
    except StopIteration as done:
        return "".join(out), "".join(err), int(done.value)
    process.close()
    return "".join(out), "".join(err), 130
