"""`manage.py serve`: serve the site with Daphne, and print the address when it answers.

Before that, the database is brought up to date, and the static files are copied and compressed.
"""

import asyncio
import contextlib
import errno
import http.client
import os
import signal
import socket
import sys
import threading
import time
from typing import Any

from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser

READY_SECONDS = 60.0  # a first start on a slow machine, with a wide margin
SHUTDOWN_SECONDS = 5.0
# Larger than the largest file that a sandbox takes: whoever pastes too much is told so in words, not cut off.
MAX_WEBSOCKET_BYTES = 8 * 1024 * 1024


class Command(BaseCommand):
    """Serve the site in one process: pages, websockets and the worker."""

    help = "Serve the site on a loopback address, and print the address when it answers."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the address."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", default="8000")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Serve until SIGINT or SIGTERM; both are a success."""
        host, port = options["host"], _port(options["port"])
        _check_free(host, port)
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)

        # Imported late and first: Daphne installs the reactor on asyncio's loop, which the others must then find.
        import daphne.server  # noqa: F401
        from twisted.internet import defer
        from twisted.internet import reactor as twisted_reactor

        from cluster_engine.http.server import BACKLOG, PatientServer
        from playground.asgi import application
        from playground.sandboxes import gateway

        reactor: Any = twisted_reactor  # its declared type is an interface that type checkers misread

        server = PatientServer(
            application,
            endpoints=[f"tcp:port={port}:interface={host}:backlog={BACKLOG}"],
            signal_handlers=False,
            websocket_max_message_size=MAX_WEBSOCKET_BYTES,
            websocket_max_frame_size=MAX_WEBSOCKET_BYTES,
            application_close_timeout=3,
            verbosity=0,
        )

        def stop(*_: object) -> None:
            # A signal arrives between any two bytecodes; the reactor is asked to stop from inside its own loop.
            reactor.callFromThread(_stop_once, reactor)

        def write_down() -> Any:
            # Daphne has no lifespan events: what the worker has not written yet is written here, before the loop ends.
            writing = asyncio.wait_for(gateway.shutdown(), SHUTDOWN_SECONDS)
            return defer.Deferred.fromFuture(asyncio.ensure_future(writing))

        reactor.addSystemEventTrigger("before", "shutdown", write_down)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        announcer = threading.Thread(target=self.announce, args=(host, port), daemon=True)
        announcer.start()
        server.run()
        if server.listening_addresses == []:
            raise CommandError(f"The site could not listen on {host}:{port}.")
        self.stdout.write("Podarium has stopped.")

    def announce(self, host: str, port: int) -> None:
        """Print the address as soon as the site answers on it."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if _answers(host, port):
                self.stdout.write(f"Podarium is at http://{host}:{port} (Ctrl-C stops it)")
                self.stdout.flush()
                return
            time.sleep(0.05)
        self.stderr.write(f"Podarium does not answer on http://{host}:{port} after {READY_SECONDS:.0f} s; stopping.")
        os.kill(os.getpid(), signal.SIGTERM)


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    raise CommandError(f"PORT={text} is not a port: it must be a number from 1 to 65535.")


def _check_free(host: str, port: int) -> None:
    """Refuse at once, with what to do, when something else listens there."""
    with socket.socket() as probe:
        # As Daphne does: a port that an ended server left in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                free = port + 1 if port < 65535 else 8000
                raise CommandError(
                    f"Port {port} is taken: is Podarium running already? Another one: make run PORT={free}"
                ) from None
            raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}.") from None


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False


def _stop_once(reactor: Any) -> None:
    if reactor.running:
        reactor.stop()
    else:
        sys.exit(0)
