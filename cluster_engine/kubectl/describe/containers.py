"""Containers: image, ports, command, state, resources, probes, environment, mounts. Follows describeContainers."""

from __future__ import annotations

import json
from typing import Any

from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.kubectl import pod_spec
from cluster_engine.kubectl.describe.writer import Writer, go_list, rfc1123

# Of a pod's fields, kubectl knows only these by their value.
_SHOWN_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid", "metadata.annotations", "metadata.labels")


def describe(
    title: str, containers: list[Obj], statuses: list[Obj], writer: Writer, indent: str = "", pod: Obj | None = None
) -> None:
    by_name = {status["name"]: status for status in statuses}
    writer.line(0, f"{indent}{title}:{'' if containers else ' <none>'}")
    for container in containers:
        status = by_name.get(container["name"])
        writer.line(1, f"{' ' if indent else ''}{container['name']}:")
        _basics(container, status, writer)
        _command(container, writer)
        if status is not None:
            _state("State", status.get("state") or {}, writer)
            if dig(status, "lastState", "terminated") is not None:
                _state("Last State", status["lastState"], writer)
            writer.field("Ready", "True" if status.get("ready") else "False", 2)
            writer.field("Restart Count", status.get("restartCount", 0), 2)
        resources(container.get("resources") or {}, writer)
        for field, word in (
            ("livenessProbe", "Liveness"),
            ("readinessProbe", "Readiness"),
            ("startupProbe", "Startup"),
        ):
            if field in container:
                writer.field(word, probe(container[field]), 2)
        _environment_from(container, writer)
        _environment(container, writer, pod)
        _mounts(container, writer)


def _basics(container: Obj, status: Obj | None, writer: Writer) -> None:
    if status is not None:
        writer.field("Container ID", status.get("containerID", ""), 2)
    writer.field("Image", container.get("image", ""), 2)
    if status is not None:
        writer.field("Image ID", status.get("imageID", ""), 2)
    for title, field in (("Port", "containerPort"), ("Host Port", "hostPort")):
        shown = ", ".join(_port(port, field) for port in container.get("ports") or ())
        writer.field(f"{title}s" if "," in shown else title, shown or "<none>", 2)
    profile = dig(container, "securityContext", "seccompProfile")
    if profile:
        writer.field("SeccompProfile", profile.get("type"), 2)


def _port(port: Obj, field: str) -> str:
    return f"{port.get(field, 0)}/{port.get('protocol', 'TCP')}"


def _command(container: Obj, writer: Writer) -> None:
    for title, field in (("Command", "command"), ("Args", "args")):
        if container.get(field):
            writer.line(2, f"{title}:")
            for word in container[field]:
                for line in word.split("\n"):
                    writer.line(3, line)


def _state(title: str, state: Obj, writer: Writer) -> None:
    if "running" in state:
        writer.field(title, "Running", 2)
        writer.field("Started", rfc1123(state["running"].get("startedAt")), 3)
    elif "terminated" in state:
        ended = state["terminated"]
        writer.field(title, "Terminated", 2)
        for field, word in (("reason", "Reason"), ("message", "Message")):
            if ended.get(field):
                writer.field(word, ended[field], 3)
        writer.field("Exit Code", ended.get("exitCode", 0), 3)
        if ended.get("signal", 0) > 0:
            writer.field("Signal", ended["signal"], 3)
        writer.field("Started", rfc1123(ended.get("startedAt")), 3)
        writer.field("Finished", rfc1123(ended.get("finishedAt")), 3)
    else:
        writer.field(title, "Waiting", 2)
        reason = (state.get("waiting") or {}).get("reason")
        if reason:
            writer.field("Reason", reason, 3)


def resources(amounts: Obj, writer: Writer, level: int = 2) -> None:
    for title, field in (("Limits", "limits"), ("Requests", "requests")):
        if amounts.get(field):
            writer.line(level, f"{title}:")
            for name, amount in sorted(amounts[field].items()):
                writer.field(name, amount, level + 1)


def probe(spec: Obj) -> str:
    """A probe on one line. Follows DescribeProbe."""
    attributes = (
        f"delay={spec.get('initialDelaySeconds', 0)}s timeout={spec.get('timeoutSeconds', 0)}s "
        f"period={spec.get('periodSeconds', 0)}s #success={spec.get('successThreshold', 0)} "
        f"#failure={spec.get('failureThreshold', 0)}"
    )
    if "exec" in spec:
        return f"exec {go_list(spec['exec'].get('command'))} {attributes}"
    if "httpGet" in spec:
        get = spec["httpGet"]
        scheme, path = get.get("scheme", "").lower(), get.get("path", "")
        return f"http-get {scheme}://{get.get('host', '')}:{get.get('port', '')}{_path(path)} {attributes}"
    if "tcpSocket" in spec:
        return f"tcp-socket {spec['tcpSocket'].get('host', '')}:{spec['tcpSocket'].get('port', '')} {attributes}"
    if "grpc" in spec:
        return f"grpc <pod>:{spec['grpc'].get('port', 0)} {spec['grpc'].get('service', '')} {attributes}"
    return f"unknown {attributes}"


def _path(path: str) -> str:
    return f"/{path}" if path and not path.startswith("/") else path


def _environment_from(container: Obj, writer: Writer) -> None:
    sources = container.get("envFrom")
    if not sources:
        return
    writer.line(2, "Environment Variables from:")
    for source in sources:
        word, reference = "", {}
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if field in source:
                word, reference = kind, source[field]
        if source.get("prefix"):
            word = f"{word} with prefix '{source['prefix']}'"
        writer.line(3, reference.get("name", ""), word, f"Optional: {_true(reference.get('optional'))}")


def _environment(container: Obj, writer: Writer, pod: Obj | None) -> None:
    variables = container.get("env") or []
    if not variables:
        writer.field("Environment", "<none>", 2)
        return
    writer.line(2, "Environment:")
    for variable in variables:
        source = variable.get("valueFrom")
        if source is None:
            first, *rest = variable.get("value", "").split("\n")
            writer.field(variable["name"], first, 3)
            for line in rest:
                writer.line(3, "", line)
        else:
            writer.line(3, f"{variable['name']}:", *_source(source, pod, container))


def _source(source: Obj, pod: Obj | None, container: Obj) -> tuple[str, ...]:
    """Where a variable's value comes from, as cells."""
    if "fieldRef" in source:
        reference = source["fieldRef"]
        path = reference.get("fieldPath", "")
        return (f"{_field_of(pod, path)} ({reference.get('apiVersion', 'v1')}:{path})",)
    if "resourceFieldRef" in source:
        reference = source["resourceFieldRef"]
        return (f"{_amount(reference, container)} ({reference.get('resource')})",)
    if "secretKeyRef" in source:
        key = source["secretKeyRef"]
        return (
            f"<set to the key '{key.get('key')}' in secret '{key.get('name')}'>",
            f"Optional: {_true(key.get('optional'))}",
        )
    key = source.get("configMapKeyRef") or {}
    return (
        f"<set to the key '{key.get('key')}' of config map '{key.get('name')}'>",
        f"Optional: {_true(key.get('optional'))}",
    )


def _amount(reference: Obj, container: Obj) -> str:
    found = pod_spec.resource_amount(reference, container)
    is_limit = reference.get("resource") in ("limits.cpu", "limits.memory")
    return "node allocatable" if found == "0" and is_limit else found


def _field_of(pod: Obj | None, path: str) -> str:
    if pod is None:
        return ""
    value: Any = dig(pod, *path.split("."), default="") if path in _SHOWN_FIELDS else ""
    return value if isinstance(value, str) else ""


def _mounts(container: Obj, writer: Writer) -> None:
    mounts = container.get("volumeMounts") or []
    if not mounts:
        writer.field("Mounts", "<none>", 2)
    else:
        writer.line(2, "Mounts:")
        for mount in sorted(mounts, key=lambda one: one["mountPath"]):
            marks = ["ro" if mount.get("readOnly") else "rw"]
            if mount.get("subPath"):
                marks.append(f"path={json.dumps(mount['subPath'])}")
            writer.line(3, f"{mount['mountPath']} from {mount['name']} ({','.join(marks)})")
    for index, device in enumerate(sorted(container.get("volumeDevices") or (), key=lambda one: one["devicePath"])):
        if index == 0:
            writer.line(2, "Devices:")
        writer.line(3, f"{device['devicePath']} from {device['name']}")


def _true(value: Any) -> str:
    return "true" if value else "false"
