"""What all servers share: they listen, run until they are told to stop, and stop in their own time."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cluster_engine.containers.network.fabric import Accept, Connection
from cluster_engine.containers.network.http import HttpReply, HttpRequest, HttpServer
from cluster_engine.containers.process import SIGHUP, SIGINT, SIGQUIT, SIGTERM
from cluster_engine.containers.runner import Program, Wait, Waitable

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process


class Signals(Waitable):
    """The signals that a server has been sent and has not looked at yet."""

    __slots__ = ("pending",)

    def __init__(self, process: Process, numbers: tuple[int, ...] = (SIGTERM, SIGINT, SIGQUIT)) -> None:
        super().__init__()
        self.pending: list[int] = []
        for number in numbers:
            process.handlers[number] = self._take

    def _take(self, number: int) -> None:
        self.pending.append(number)
        self.notify()

    @property
    def ready(self) -> bool:
        return bool(self.pending)


def run_until_stopped(
    process: Process,
    *,
    stop_code: int | None = None,
    stop_seconds: float | None = None,
    on_hangup: Callable[[], None] | None = None,
    on_stop: Callable[[int], None] | None = None,
) -> Program:
    """Waits for a signal to end. Code and seconds default to the catalogue's facts about the image."""
    facts = process.container.plan.facts
    signals = Signals(process, (SIGTERM, SIGINT, SIGQUIT, *((SIGHUP,) if on_hangup else ())))
    while True:
        yield Wait(on=(signals,))
        number = signals.pending.pop(0)
        if number == SIGHUP and on_hangup is not None:
            on_hangup()
            continue
        if on_stop is not None:
            on_stop(number)
        seconds = float(facts.get("stop_seconds", "0.2")) if stop_seconds is None else stop_seconds
        if facts.get("stop_seconds") == "never":
            yield Wait()
        yield process.sleep(seconds)
        return int(facts.get("stop_code", "0")) if stop_code is None else stop_code


def listen(process: Process, ports: Mapping[int, Accept]) -> int | None:
    """Listens at ports; the port that somebody else has, or None."""
    for port, accept in ports.items():
        try:
            process.pod.network.listen(port, accept, process)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return port
            raise
    return None


def http(respond: Callable[[HttpRequest], HttpReply]) -> Accept:
    """An HTTP server that answers at once."""

    def accept(connection: Connection) -> HttpServer:
        return HttpServer(connection, lambda request, server: respond(request))

    return accept


class Silent:
    """A server that takes connections and says nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def received(self, data: bytes) -> None:
        pass

    def ended(self) -> None:
        self._connection.close()


class GrpcHealth(Silent):
    """A gRPC server with the health service: `services` says what each of its services answers."""

    def __init__(self, connection: Connection, services: Mapping[str, str]) -> None:
        super().__init__(connection)
        self.services = services


def moment(time_us: int) -> datetime:
    return datetime.fromtimestamp(time_us // 1_000_000, UTC)


def common_log_time(time_us: int) -> str:
    """`01/Jan/2026:00:00:00 +0000`."""
    return f"{moment(time_us):%d/%b/%Y:%H:%M:%S} +0000"


def ports_of(process: Process) -> list[int]:
    """The image's ports in the catalogue."""
    return [int(port) for port in process.container.plan.facts.get("ports", "").split(",") if port]
