"""`kubectl create ingress`. Follows create_ingress.go."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import generate
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process

# host/path=service:port[,tls[=secret]]
_RULE = re.compile(
    r"(?P<host>[\w*.\-]*)(?P<path>/[^=]*)=(?P<service>[\w.\-]+:[\w.\-]+)(,(?P<tls>tls(=(?P<secret>[\w.\-]*))?))?\Z"
)


def run(call: Invocation) -> Process:
    name = generate.name_of(call)
    flags = call.flags
    rules, backend = flags.strings("rule"), flags.string("default-backend")
    _validate(rules, backend, flags.strings("annotation"))
    meta: Obj = {"name": name}
    annotations = dict(text.partition("=")[::2] for text in flags.strings("annotation"))
    if annotations:
        meta["annotations"] = annotations
    spec: Obj = {}
    if flags.string("class"):
        spec["ingressClassName"] = flags.string("class")
    if backend:
        spec["defaultBackend"] = _backend(backend)
    tls = _tls(rules)
    if tls:
        spec["tls"] = tls
    if rules:
        spec["rules"] = _rules(rules)
    obj = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta, "spec": spec}
    return generate.submit(call, obj, what="ingress:")
    yield


def _validate(rules: Sequence[str], backend: str, annotations: Sequence[str]) -> None:
    if not backend and not rules:
        raise CommandError(
            "not enough information provided: every ingress has to either specify a default-backend (which catches all "
            "traffic) or a list of rules (which catch specific paths)"
        )
    for rule in rules:
        if not _RULE.match(rule):
            raise CommandError(
                f"rule {rule} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
            )
    for annotation in annotations:
        if "=" not in annotation:
            raise CommandError(f"annotation {annotation} is invalid and should be in format key=[value]")
    if backend and backend.count(":") != 1:
        raise CommandError("default-backend should be in format servicename:serviceport")


def _backend(text: str) -> Obj:
    name, _, port = text.partition(":")
    return {"service": {"name": name, "port": {"number": int(port)} if port.isdigit() else {"name": port}}}


def _rules(rules: Sequence[str]) -> list[Obj]:
    """The rules, those of one host together."""
    by_host: dict[str, list[Obj]] = {}
    for rule in rules:
        found = _RULE.match(rule)
        assert found is not None
        path, type_ = found["path"], "Exact"
        if path.endswith("*"):
            path, type_ = path[:-1], "Prefix"
        entry = {"backend": _backend(found["service"]), "path": path, "pathType": type_}
        by_host.setdefault(found["host"], []).append(entry)
    return [{**({"host": host} if host else {}), "http": {"paths": paths}} for host, paths in by_host.items()]


def _tls(rules: Sequence[str]) -> list[Obj]:
    """The hosts with TLS, those of one secret together."""
    listed: list[Obj] = []
    seen: set[str] = set()
    for rule in rules:
        found = _RULE.match(rule)
        if found is None or not found["tls"] or found["host"] in seen:
            continue
        host, secret = found["host"], found["secret"] or ""
        seen.add(host)
        same = next((one for one in listed if one.get("secretName", "") == secret), None)
        if same is not None:
            same["hosts"] = [*same.get("hosts", ()), host]
            continue
        one: Obj = {**({"hosts": [host]} if host else {}), **({"secretName": secret} if secret else {})}
        if one:
            listed.append(one)
    return listed


COMMAND = Command(
    "ingress",
    "Create an ingress with the specified name",
    run,
    aliases=("ing",),
    use="NAME --rule=host/path=service:port[,tls[=secret]]  [options]",
    long="Creates an Ingress: which host and path leads to which Service.",
    example='kubectl create ingress web --class=nginx --rule="example.com/*=web:80,tls=web-tls"',
    completes="nothing",
    flags=(
        *generate.FLAGS,
        Flag("annotation", "stringArray", help="An annotation, as key=value; may be repeated"),
        Flag("class", help="The ingress class"),
        Flag("default-backend", help="Where everything else goes, as service:port"),
        Flag("rule", "stringArray", help="A rule, as host/path=service:port[,tls[=secret]]; may be repeated"),
    ),
)
