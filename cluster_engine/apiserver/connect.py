"""log, exec, attach, portforward and proxy: the API server finds the pod's kubelet and joins the client to it.

Follows pkg/registry/core/pod/strategy.go (LogLocation, streamLocation) and pkg/registry/core/pod/rest. The kubelets
make themselves known in `server.kubelets`.
"""

from __future__ import annotations

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery import errors
from cluster_engine.apimachinery.errors import ApiError, FieldError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.times import parse_time
from cluster_engine.apiserver.context import ServerContext
from cluster_engine.apiserver.kubelet_api import ExecQuery, KubeletApi, LogQuery, ProxyCall
from cluster_engine.apiserver.request import Request, Response
from cluster_engine.apiserver.streams import ByteStream, Exchange, PortForward
from cluster_engine.clock import SECOND_US

MAX_COMMAND_BYTES = 128 * 1024


# log


def log(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """The log of a container as text, or as a stream where it is followed."""
    parameters = _Parameters(request)
    query = _log_query(server, request, parameters)
    pod = server.require(strategy.resource, request.namespace, request.name)
    container = _container(pod, parameters.text("container"))
    if not pod["spec"].get("nodeName"):
        return Response(200, "")
    log = _kubelet(server, pod["spec"]["nodeName"]).logs(pod, container, query)
    return _opened(server, log) if isinstance(log, ByteStream) else Response(200, log)


def _log_query(server: ServerContext, request: Request, parameters: _Parameters) -> LogQuery:
    faults: list[FieldError] = []
    numbers: dict[str, int | None] = {}
    for name, least in (("tailLines", 0), ("limitBytes", 1), ("sinceSeconds", 1)):
        value = numbers[name] = parameters.number(name)
        if value is not None and value < least:
            words = "must be greater than 0" if least else "must be greater than or equal to 0"
            faults.append(errors.invalid_value(name, value, words))
    since_time = parameters.text("sinceTime")
    if since_time and numbers["sinceSeconds"] is not None:
        words = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        faults.append(errors.forbidden_field("", words))
    if faults:
        raise errors.invalid("PodLogOptions", "", request.name, faults)
    since_us = None
    if since_time:
        try:
            since_us = parse_time(since_time)
        except ValueError:
            raise errors.bad_request(
                f'parsing time "{since_time}" as "2006-01-02T15:04:05Z07:00": cannot parse "{since_time}" as "2006"'
            ) from None
    elif numbers["sinceSeconds"] is not None:
        since_us = server.clock.now_us - numbers["sinceSeconds"] * SECOND_US
    return LogQuery(
        follow=parameters.flag("follow"),
        previous=parameters.flag("previous"),
        timestamps=parameters.flag("timestamps"),
        since_us=since_us,
        tail_lines=numbers["tailLines"],
        limit_bytes=numbers["limitBytes"],
        stream=parameters.text("stream") or "All",
    )


# exec, attach, portforward


def execute(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """Runs a command in a container; an `Exchange`."""
    parameters = _Parameters(request)
    command = tuple(parameters.all("command"))
    if not command:
        raise errors.bad_request("you must specify at least 1 command for the container")
    if sum(map(len, command)) > MAX_COMMAND_BYTES:
        raise errors.bad_request("the command is too long")
    pod, container = _connected(server, strategy, request, parameters)
    query = _exec_query(parameters, command)
    return _opened(server, _kubelet(server, pod["spec"]["nodeName"]).exec(pod, container, query))


def attach(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """Joins a container's main process; an `Exchange`."""
    parameters = _Parameters(request)
    pod, container = _connected(server, strategy, request, parameters)
    query = _exec_query(parameters, ())
    return _opened(server, _kubelet(server, pod["spec"]["nodeName"]).attach(pod, container, query))


def port_forward(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """Connections to ports of a pod; a `PortForward`."""
    parameters = _Parameters(request)
    pod = server.require(strategy.resource, request.namespace, request.name)
    _require_host(pod)
    ports = []
    for text in (part for value in parameters.all("ports") for part in value.split(",")):
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise errors.bad_request(f'unable to parse "{text}" as a port')
        ports.append(int(text))
    return _opened(server, _kubelet(server, pod["spec"]["nodeName"]).port_forward(pod, tuple(ports)))


def _exec_query(parameters: _Parameters, command: tuple[str, ...]) -> ExecQuery:
    query = ExecQuery(
        command=command,
        stdin=parameters.flag("stdin"),
        stdout=parameters.flag("stdout"),
        stderr=parameters.flag("stderr") and not parameters.flag("tty"),
        tty=parameters.flag("tty"),
    )
    if not (query.stdin or query.stdout or query.stderr):
        raise errors.bad_request("you must specify at least one of stdin, stdout, stderr")
    return query


def _connected(server: ServerContext, strategy: Strategy, request: Request, parameters: _Parameters) -> tuple[Obj, str]:
    pod = server.require(strategy.resource, request.namespace, request.name)
    container = _container(pod, parameters.text("container"))
    _require_host(pod)
    return pod, container


def _require_host(pod: Obj) -> None:
    if not pod["spec"].get("nodeName"):
        raise errors.bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")


# proxy


def proxy(server: ServerContext, strategy: Strategy, request: Request) -> Response:
    """Hands an HTTP request on to a port of a pod, or of one behind a Service. Follows ResourceLocation."""
    call = request.body
    if not isinstance(call, ProxyCall):
        raise errors.bad_request("a proxy hands on HTTP requests only")
    singular = strategy.resource.singular
    scheme, name, port = _split_name(request.name)
    if scheme not in ("", "http", "https") or not name:
        raise errors.bad_request(f'invalid {singular} request "{request.name}"')
    obj = server.require(strategy.resource, request.namespace, name)
    if strategy.resource.kind == "Node":
        return Response(200, _kubelet(server, name).serve(call))
    if strategy.resource.kind == "Service":
        pod, number = _behind(server, obj, port, request.name)
    else:
        pod, number = obj, _pod_port(obj, port)
    if not (pod.get("status") or {}).get("podIP"):
        raise errors.bad_request("address not allowed")
    return Response(200, _kubelet(server, pod["spec"]["nodeName"]).proxy(pod, number, call))


def _split_name(name: str) -> tuple[str, str, str]:
    """(scheme, name, port) of `scheme:name:port`, `name:port` or `name`; no name where it is none of them."""
    parts = name.split(":")
    if len(parts) == 3:
        return parts[0], parts[1], parts[2]
    return ("", parts[0], parts[1]) if len(parts) == 2 else ("", "" if len(parts) > 3 else name, "")


def _pod_port(pod: Obj, port: str) -> int:
    declared = [p for c in pod["spec"]["containers"] for p in c.get("ports") or ()]
    if port.isascii() and port.isdigit() and int(port) < 65536:
        return int(port)
    if port:
        found = next((p for p in declared if p.get("name") == port), None)
        if found is None:
            raise errors.bad_request(f'invalid pod request "{pod["metadata"]["name"]}:{port}"')
        return int(found["containerPort"])
    return int(declared[0]["containerPort"]) if declared else 80


def _behind(server: ServerContext, service: Obj, port: str, asked: str) -> tuple[Obj, int]:
    """A ready pod behind a Service, and the port of it that the Service's port leads to.

    `port` is a number, or the name of one (a Service's only port may have none); `asked` is the whole name. Follows
    pkg/registry/core/service/storage (ResourceLocation).
    """
    meta = service["metadata"]
    name = meta["name"]
    if port.isascii() and port.isdigit():
        ports = service["spec"].get("ports") or ()
        wanted = next((p for p in ports if str(p["port"]) == str(int(port))), None)
        if wanted is None:
            raise _unavailable(f'no service port {int(port)} found for service "{name}"')
        port = wanted.get("name") or ""
    item = server.store.get(f"/registry/endpoints/{meta['namespace']}/{name}")
    subsets = (item.value.get("subsets") or ()) if item is not None else ()
    if not subsets:
        raise _unavailable(f'no endpoints available for service "{name}"')
    for subset in subsets:
        found = next((p for p in subset.get("ports") or () if (p.get("name") or "") == port), None)
        for address in subset.get("addresses") or () if found is not None else ():
            target = (address.get("targetRef") or {}).get("name")
            pod = server.store.get(f"/registry/pods/{meta['namespace']}/{target}") if target else None
            if pod is not None and found is not None:
                return pod.value, int(found["port"])
    raise _unavailable(f'no endpoints available for service "{asked}"')


def _unavailable(words: str) -> ApiError:
    return ApiError(503, "ServiceUnavailable", words)


# What they share.


def _opened(server: ServerContext, stream: ByteStream | Exchange | PortForward) -> Response:
    server.open_streams.add(stream)
    return Response(200, stream)


class _Parameters:
    """The query of a request."""

    def __init__(self, request: Request) -> None:
        self._values = request.parameters or {}

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def text(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def flag(self, name: str) -> bool:
        return self.text(name) in ("true", "1")

    def number(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        if not text.lstrip("-").isdigit() or len(text) > 18:
            raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
        return int(text)


def _container(pod: Obj, name: str) -> str:
    """The container that is meant. Follows validateContainer."""
    spec, pod_name = pod["spec"], pod["metadata"]["name"]
    names = {
        field: [c["name"] for c in spec.get(field) or ()]
        for field in ("containers", "initContainers", "ephemeralContainers")
    }
    if name:
        if not any(name in listed for listed in names.values()):
            raise errors.bad_request(f"container {name} is not valid for pod {pod_name}")
        return name
    if len(names["containers"]) == 1:
        return str(names["containers"][0])
    words = f"a container name must be specified for pod {pod_name}, choose one of: [{' '.join(names['containers'])}]"
    if names["initContainers"]:
        words += f" or one of the init containers: [{' '.join(names['initContainers'])}]"
    raise errors.bad_request(words)


def _kubelet(server: ServerContext, node: str) -> KubeletApi:
    kubelet = server.kubelets.get(node)
    if kubelet is None:
        raise ApiError(404, "NotFound", f'nodes "{node}" not found')
    return kubelet
