"""One in-memory cluster as a stand-alone API server: `python -m cluster_engine.serve --port 8001 --kubeconfig FILE`.

Real kubectl and other clients work against it. By default it is a cluster with three large nodes on which any image
runs; `--registry catalogue` gives the playground's own images. Virtual time follows real time (`--speed` times as
fast). With `--tls` it speaks https with a certificate of its own, and who brings no token is nobody: so clients send
the tokens of service accounts, which they keep to themselves over plain http.
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import base64
import hashlib
import hmac
import logging
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path

import yaml

from cluster_engine.apiserver.auth.users import ANONYMOUS, UNAUTHENTICATED, User
from cluster_engine.cluster import Cluster, ClusterConfig
from cluster_engine.http.asgi import Found, KubeApi
from cluster_engine.http.certificate import Certificate, make_certificate
from cluster_engine.http.frontend import Frontend
from cluster_engine.http.server import BACKLOG, PatientServer

logger = logging.getLogger(__name__)

MAX_STEPS_AT_ONCE = 2000
MAX_SLEEP_SECONDS = 1.0
# What a client may say to a command in one message.
MAX_MESSAGE_BYTES = 4 * 1024 * 1024


class Driver:
    """Makes virtual time follow real time, and lets the cluster work while nobody asks anything."""

    def __init__(self, cluster: Cluster, speed: float, admin_token: str = "") -> None:
        self.cluster = cluster
        self._admin_token = admin_token
        self.frontend = Frontend(cluster.server)
        self._speed = speed
        self._started_at = time.monotonic()
        self._started_us = cluster.clock.now_us
        self._wake = asyncio.Event()
        # Until when the loop sleeps; 0 while it works.
        self._asleep_until_us = 0

    def _present_us(self) -> int:
        return self._started_us + int((time.monotonic() - self._started_at) * self._speed * 1_000_000)

    def _catch_up(self) -> bool:
        """Brings the cluster to the present; False when there is more to do.

        A defect of one component is told and must not end the server: its step is over, and the others go on.
        """
        try:
            return self.cluster.run_until(self._present_us(), MAX_STEPS_AT_ONCE)
        except Exception:
            self.cluster.trace.fault("serve", "the next step")
            logger.exception("a step of the cluster failed")
            return False

    async def before(self) -> None:
        self._catch_up()

    async def after(self) -> None:
        # A read leaves nothing to do: then the loop may sleep on, for waking it costs more than the read.
        due_us = self.cluster.next_due_us
        if due_us is not None and due_us < self._asleep_until_us:
            self._wake.set()

    async def run(self) -> None:
        """Works until it is cancelled: in slices while there is work, asleep until the next timer otherwise."""
        while True:
            done = self._catch_up()
            if not done:
                await asyncio.sleep(0)
                continue
            self._wake.clear()
            due_us = self.cluster.next_due_us
            delay = MAX_SLEEP_SECONDS if due_us is None else (due_us - self._present_us()) / 1e6 / self._speed
            delay = min(max(delay, 0.0), MAX_SLEEP_SECONDS)
            self._asleep_until_us = self._present_us() + int(delay * self._speed * 1e6)
            try:
                await asyncio.wait_for(self._wake.wait(), delay)
            except TimeoutError:
                pass
            self._asleep_until_us = 0

    async def resolve(self, path: str, headers: dict[str, str]) -> Found:
        """Every path is this cluster's. Whoever brings no token is its administrator, or nobody where there is one."""
        if not self._admin_token:
            return Found(self, path, headers)
        given = headers.get("authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {self._admin_token}".encode()):
            return Found(self, path, {name: value for name, value in headers.items() if name != "authorization"})
        return Found(self, path, headers, User(ANONYMOUS, (UNAUTHENTICATED,)))


def kubeconfig(url: str, name: str = "podarium", *, authority: bytes = b"", token: str = "") -> str:
    """A kubeconfig with one cluster, one user and one context. `authority` (PEM) and `token` only with https."""
    cluster = {"server": url}
    if authority:
        cluster["certificate-authority-data"] = base64.b64encode(authority).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token} if token else {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
        "current-context": name,
    }
    return yaml.safe_dump(config, sort_keys=False)


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cluster_engine.serve", description=__doc__.split("\n\n")[0])
    parser.add_argument("--port", type=int, default=8001, help="port on 127.0.0.1 (8001)")
    parser.add_argument("--kubeconfig", type=Path, required=True, help="file to write the kubeconfig to")
    parser.add_argument("--nodes", type=int, default=3, help="number of nodes (3)")
    parser.add_argument("--seed", type=int, default=1, help="seed of all that is random (1)")
    parser.add_argument("--speed", type=float, default=1.0, help="virtual seconds a real second (1)")
    parser.add_argument(
        "--look",
        choices=("current", "document"),
        default="current",
        help="whose tables `kubectl get` prints: today's, or those of v1.12; all other words are kubectl's own",
    )
    parser.add_argument("--registry", choices=("any", "catalogue"), default="any", help="which images exist (any)")
    parser.add_argument("--start-seconds", type=float, default=1.0, help="how long a pod takes to start (1)")
    parser.add_argument("--stop-seconds", type=float, default=1.0, help="how long a pod takes to stop (1)")
    parser.add_argument("--tls", action="store_true", help="speak https, with a certificate and a token of its own")
    arguments = parser.parse_args(argv)
    if not 1 <= arguments.nodes <= 100:
        parser.error("--nodes must be between 1 and 100")
    if not 0 < arguments.speed <= 1000:
        parser.error("--speed must be above 0 and at most 1000")
    return arguments


def make_cluster(arguments: argparse.Namespace) -> Cluster:
    """The cluster that the arguments ask for, starting at the present time."""
    catalogue = arguments.registry == "catalogue"
    return Cluster(
        ClusterConfig(
            seed=arguments.seed,
            nodes=arguments.nodes,
            start_us=int(time.time() * 1_000_000),
            node_cpu="32",
            node_memory="64Gi",
            node_pods=5000,
            registry=arguments.registry,
            look=arguments.look,
            start_seconds=None if catalogue else arguments.start_seconds,
            stop_seconds=None if catalogue else arguments.stop_seconds,
        )
    )


def main(argv: list[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    check_port(arguments.port)
    certificate = make_certificate(time.time()) if arguments.tls else None
    token = hashlib.sha256(certificate.key).hexdigest() if certificate else ""
    driver = Driver(make_cluster(arguments), arguments.speed, token)
    driver.cluster.run_for(1)

    def ready() -> None:
        url = f"{'https' if certificate else 'http'}://127.0.0.1:{arguments.port}"
        authority = certificate.certificate if certificate else b""
        write_private(arguments.kubeconfig, kubeconfig(url, authority=authority, token=token))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        loop = asyncio.get_event_loop()
        driver_task.append(loop.create_task(driver.run()))

    driver_task: list[asyncio.Task[None]] = []
    server = PatientServer(
        application=KubeApi(driver.resolve),
        endpoints=endpoints(arguments.port, certificate),
        signal_handlers=True,
        ready_callable=ready,
        server_name="podarium",
        websocket_max_message_size=MAX_MESSAGE_BYTES,
        websocket_max_frame_size=MAX_MESSAGE_BYTES,
        verbosity=0,
        application_close_timeout=1,
        http_timeout=None,
    )
    server.run()


def write_private(path: Path, text: str) -> None:
    """Writes a file that its owner alone may read."""
    path.touch(mode=0o600)
    path.write_text(text)


def endpoints(port: int, certificate: Certificate | None) -> list[str]:
    """Where Daphne listens, in Twisted's words. The certificate's files go when the program ends."""
    if certificate is None:
        return [f"tcp:{port}:interface=127.0.0.1:backlog={BACKLOG}"]
    directory = Path(tempfile.mkdtemp(prefix="podarium-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    certificate_path, key_path = certificate.write(directory)
    return [f"ssl:{port}:interface=127.0.0.1:backlog={BACKLOG}:certKey={certificate_path}:privateKey={key_path}"]


def check_port(port: int) -> None:
    """Ends the program with a clear message when something else listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SystemExit(f"cannot listen on 127.0.0.1:{port}: {error.strerror}; choose another --port") from None


if __name__ == "__main__":
    main()
