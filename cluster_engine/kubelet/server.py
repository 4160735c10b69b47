"""The kubelet's own server: logs, exec, attach, port-forward and proxy, for the API server.

Follows pkg/kubelet/server/server.go and kubelet_pods.go (GetKubeletContainerLogs, validateContainerLogStatus).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cluster_engine.apimachinery.errors import ApiError, bad_request
from cluster_engine.apimachinery.meta import Obj, key_of
from cluster_engine.client.kubelet_api import (
    ByteStream,
    Exchange,
    ExecQuery,
    KubeletRefusal,
    LogQuery,
    PortConnection,
    PortForward,
    ProxyAnswer,
    ProxyCall,
)
from cluster_engine.containers.container import ProgramNotFound
from cluster_engine.containers.logs import LogOptions, LogRing, render
from cluster_engine.containers.network.client import Exchange as HttpExchange
from cluster_engine.containers.network.client import parse_reply
from cluster_engine.containers.network.fabric import ConnectFault, Connection
from cluster_engine.kubelet import own_paths
from cluster_engine.kubelet.inside import replay
from cluster_engine.kubelet.sessions import AttachSession, ExecSession

if TYPE_CHECKING:
    from cluster_engine.kubelet.kubelet import Kubelet
    from cluster_engine.kubelet.pod_worker import PodWorker
    from cluster_engine.kubelet.runtime import Container

KUBELET_PORT = 10250
_DROPPED = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive", "upgrade", "host"})


class KubeletServer:
    """Answers for one node, as long as its kubelet runs and can be reached."""

    def __init__(self, kubelet: Kubelet) -> None:
        self._kubelet = kubelet

    # Logs.

    def logs(self, pod: Obj, container: str, query: LogQuery) -> str | ByteStream:
        meta = pod["metadata"]
        path = f"/containerLogs/{meta['namespace']}/{meta['name']}/{container}"
        fault = self._unreachable()
        if fault:
            raise ApiError(500, "", f'Get "https://{self._address}{path}": {fault}')
        worker = self._worker(pod)
        if worker is None:
            raise bad_request(f'container "{container}" in pod "{meta["name"]}" is waiting to start: ContainerCreating')
        found = _find(worker, container)
        if found is None:
            raise bad_request(f'container "{container}" in pod "{meta["name"]}" is not available')
        _check_log(found, meta["name"], previous=query.previous)
        if found.state == "running" and not query.previous:
            worker.inside.look()
        log = self._log_of(worker, found, query)
        options = LogOptions(query.since_us, query.tail_lines, query.limit_bytes, query.timestamps, query.stream)
        lines, place = log.select(options)
        data = render(lines, options)
        if query.limit_bytes is not None:
            data = data[: query.limit_bytes]
        is_live = found.state == "running" and not query.previous and log is found.log
        if not query.follow or not is_live:
            return data.decode("utf-8", "replace")
        return _Follower(worker, found, log, place, data, options).stream

    @staticmethod
    def _log_of(worker: PodWorker, container: Container, query: LogQuery) -> LogRing:
        """The log of the present run, or of the one before; told again where nobody has listened."""
        is_present = not query.previous and (container.state == "running" or not _is_waiting_again(container))
        log = container.log if is_present else container.previous_log or container.log
        if log is not None:
            return log
        ended = container.last_terminated if not is_present else container.terminated()
        return replay.log_of(worker, container, ended or {})

    # Commands.

    def exec(self, pod: Obj, container: str, query: ExecQuery) -> Exchange:
        worker, found = self._running(pod, container, "exec", query)
        own = worker.inside.inside(found)
        if own is None or not own.running:
            raise _not_found(pod, container, "exec")
        session = ExecSession(worker, own, query)
        try:
            session.start(list(query.command))
        except ProgramNotFound as missing:
            session.refuse(
                "error executing command in container: failed to exec in container: failed to start exec "
                f'"{self._kubelet.rng.hex(64)}": OCI runtime exec failed: exec failed: unable to start container '
                f'process: exec: "{missing.program}": {missing.reason}: unknown'
            )
        return session.exchange

    def attach(self, pod: Obj, container: str, query: ExecQuery) -> Exchange:
        worker, found = self._running(pod, container, "attach", query)
        own = worker.inside.inside(found)
        if own is None or own.main is None or not own.running:
            raise _not_found(pod, container, "attach")
        return AttachSession(worker, own, query).exchange

    def _running(self, pod: Obj, container: str, verb: str, query: ExecQuery) -> tuple[PodWorker, Container]:
        meta = pod["metadata"]
        self._check_reachable(f"/{verb}/{meta['namespace']}/{meta['name']}/{container}?{_parameters(query)}")
        worker = self._worker(pod)
        found = _find(worker, container) if worker is not None else None
        if worker is None or found is None or found.state != "running":
            raise _not_found(pod, container, verb)
        return worker, found

    # Ports.

    def port_forward(self, pod: Obj, ports: tuple[int, ...]) -> PortForward:
        meta = pod["metadata"]
        self._check_reachable(f"/portForward/{meta['namespace']}/{meta['name']}")
        worker = self._worker(pod)
        if worker is None or not worker.sandbox_ready:
            raise _upgrade_failed(f'pod not found ("{meta["name"]}_{meta["namespace"]}")')
        return PortForward(ports, partial(self._connect_port, worker))

    def _connect_port(self, worker: PodWorker, port: int) -> PortConnection:
        """A connection from inside the pod's own network, as containerd makes it."""
        sandbox = (worker.uid.replace("-", "") * 2)[:64]
        if not worker.sandbox_ready or worker.finished or self._unreachable():
            return _not_forwarded(port, sandbox, f'network namespace for sandbox "{sandbox}" is closed')
        world = worker.inside.look()
        try:
            connection = world.fabric.connect(world.network, "127.0.0.1", port)
        except ConnectFault:
            return _not_forwarded(
                port,
                sandbox,
                f'failed to execute portforward in network namespace "/var/run/netns/cni-{worker.uid}": failed to '
                f'connect to localhost:{port} inside namespace "{sandbox}", IPv4: dial tcp4 127.0.0.1:{port}: connect: '
                f"connection refused IPv6 dial tcp6 [::1]:{port}: connect: connection refused ",
            )
        return _relayed(worker, connection)

    def proxy(self, pod: Obj, port: int, call: ProxyCall) -> ProxyAnswer:
        worker = self._worker(pod)
        meta = pod["metadata"]
        ip = (pod.get("status") or {}).get("podIP") or ""
        if worker is None or not worker.sandbox_ready or not ip:
            raise ApiError(503, "ServiceUnavailable", f"pod {meta['name']} is not running")
        world = worker.inside.look()
        fault = f"error trying to reach service: dial tcp {ip}:{port}: "
        try:
            connection = world.fabric.connect(self._kubelet.probe_network, ip, port)
        except ConnectFault as failed:
            words = {"refused": "connect: connection refused", "timeout": "i/o timeout"}.get(
                failed.kind, "no route to host"
            )
            raise ApiError(503, "ServiceUnavailable", fault + words) from None
        headers = [(name, value) for name, value in call.headers if name not in _DROPPED]
        headers = [("Host", f"{ip}:{port}"), *headers, ("Connection", "close")]
        if call.body or call.method in ("POST", "PUT", "PATCH"):
            headers.append(("Content-Length", str(len(call.body))))
        connection.send(HttpExchange(call.method, call.path, headers, call.body).encode())
        worker.inside.run()
        data = connection.incoming.take()
        reply = None
        try:
            reply = parse_reply(data, head_only=call.method == "HEAD", ended=connection.incoming.closed)
        except ValueError:
            pass
        connection.finish()
        if reply is None:
            raise ApiError(503, "ServiceUnavailable", f"error trying to reach service: EOF reading from {ip}:{port}")
        kept = tuple((name, value) for name, value in reply.headers if name.lower() not in _DROPPED)
        return ProxyAnswer(reply.status, kept, reply.body)

    # The node.

    def serve(self, call: ProxyCall) -> ProxyAnswer:
        fault = self._unreachable()
        if fault:
            raise ApiError(503, "ServiceUnavailable", f"error trying to reach service: {fault}")
        return own_paths.answer(self, call)

    def pods(self) -> list[Obj]:
        """The pods that run here, as this kubelet knows them."""
        return [worker.pod for worker in self._kubelet.workers.values() if worker.pod is not None]

    def _worker(self, pod: Obj) -> PodWorker | None:
        worker = self._kubelet.workers.get(key_of(pod))
        return worker if worker is not None and worker.uid == pod["metadata"]["uid"] else None

    @property
    def _address(self) -> str:
        return f"{self._kubelet.config.address}:{KUBELET_PORT}"

    def _unreachable(self) -> str:
        """Why the API server cannot reach the kubelet; "" when it can."""
        kubelet = self._kubelet
        if kubelet.dark or kubelet.network.partitioned or kubelet.client.cut is not None:
            return f"dial tcp {self._address}: i/o timeout"
        return f"dial tcp {self._address}: connect: connection refused" if kubelet.stopped else ""

    def _check_reachable(self, path: str) -> None:
        """Raises what the API server says of a kubelet that it cannot reach."""
        fault = self._unreachable()
        if fault:
            words = f'error sending request: Post "https://{self._address}{path}": {fault}'
            raise KubeletRefusal(words, unreached=f"error dialing backend: {fault}")


class _Follower:
    """Hands on what a container prints, until it ends or nobody listens any more."""

    def __init__(
        self, worker: PodWorker, container: Container, log: LogRing, place: int, data: bytes, options: LogOptions
    ) -> None:
        self._world = worker.inside.look()
        self._container, self._run, self._log, self._place, self._options = container, container.id, log, place, options
        self._left = None if options.limit_bytes is None else options.limit_bytes - len(data)
        self._worker = worker
        self.stream = ByteStream(self._stop)
        self.stream.write(data)
        log.listeners.append(self._more)
        self._world.watch()
        if self._left is not None and self._left <= 0:
            self.stream.stop()

    def _more(self) -> None:
        lines, self._place = self._log.since(self._place)
        wanted = self._options.stream
        data = render([line for line in lines if wanted == "All" or line.stream == wanted.lower()], self._options)
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        self.stream.write(data)
        own = self._worker.inside.of(self._container)
        if self._container.id != self._run or own is None or not own.running or self._left == 0:
            self.stream.stop()

    def _stop(self) -> None:
        if self._more in self._log.listeners:
            self._log.listeners.remove(self._more)
            self._world.unwatch()


def _not_forwarded(port: int, sandbox: str, why: str) -> PortConnection:
    """A connection that there is not. Follows containerd's portForward."""
    failed = PortConnection(lambda data: None, lambda: None)
    failed.error = f"error forwarding port {port} to pod {sandbox}, uid : {why}"
    failed.stream.end()
    return failed


def _relayed(worker: PodWorker, connection: Connection) -> PortConnection:
    """The bytes of a connection, both ways."""

    def send(data: bytes) -> None:
        worker.inside.run()
        connection.send(data)
        worker.inside.run()
        pump()

    relayed = PortConnection(send, connection.finish)

    def pump() -> None:
        relayed.stream.write(connection.incoming.take())
        if connection.incoming.closed:
            relayed.stream.end()
        else:
            connection.incoming.subscribe(pump)

    pump()
    return relayed


def _find(worker: PodWorker, name: str) -> Container | None:
    return next((c for c in (*worker.init, *worker.main, *worker.extra) if c.name == name), None)


def _is_waiting_again(container: Container) -> bool:
    return container.state == "waiting" and container.last_terminated is not None


def _check_log(container: Container, pod: str, *, previous: bool) -> None:
    """Raises what the kubelet says of a container that has no log. Follows validateContainerLogStatus."""
    head = f'container "{container.name}" in pod "{pod}"'
    last = container.last_terminated or {}
    if previous:
        if not last.get("containerID"):
            raise bad_request(f"previous terminated {head} not found")
        return
    if container.state == "running":
        return
    if container.state == "terminated":
        if not container.id:
            raise bad_request(f"{head} is terminated")
        return
    if last:
        if not last.get("containerID"):
            raise bad_request(f"{head} is terminated")
        return
    reasons = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}
    reason = container.waiting_reason
    raise bad_request(f"{head} is waiting to start: {reasons.get(reason, reason)}")


def _parameters(query: ExecQuery) -> str:
    """The query as the API server gives it to a kubelet. Follows pkg/registry/core/pod (streamParams)."""
    flags = {"error": query.stderr, "input": query.stdin, "output": query.stdout, "tty": query.tty}
    wanted = [(name, "1") for name, is_on in flags.items() if is_on]
    return urlencode([*(("command", word) for word in query.command), *wanted])


def _not_found(pod: Obj, container: str, verb: str) -> ApiError:
    """Each in its own words: pkg/kubelet/kubelet_pods.go, GetExec and GetAttach."""
    if verb == "attach":
        meta = pod["metadata"]
        return _upgrade_failed(f"container {container} not found in pod {meta['name']}_{meta['namespace']}")
    return _upgrade_failed(f'container not found ("{container}")')


def _upgrade_failed(words: str) -> ApiError:
    return KubeletRefusal(f"unable to upgrade connection: {words}", body=words)
