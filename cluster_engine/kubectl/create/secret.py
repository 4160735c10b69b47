"""`kubectl create secret`. Follows create_secret.go and create_secret_tls.go."""

from __future__ import annotations

import base64

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import generate
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers.json_printer import compact
from cluster_engine.kubectl.process import Process


def _secret(name: str, type_: str, data: dict[str, str]) -> Obj:
    obj: Obj = {"apiVersion": "v1", "kind": "Secret", "metadata": {"creationTimestamp": generate.NO_TIME, "name": name}}
    if data:
        obj["data"] = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    if type_:
        obj["type"] = type_
    return obj


def run_generic(call: Invocation) -> Process:
    name = generate.name_of(call)
    return generate.submit(
        call, _secret(name, call.flags.string("type"), generate.data_of(call, "Secret", name)), what="secret"
    )
    yield


def run_tls(call: Invocation) -> Process:
    name = generate.name_of(call)
    cert, key = call.flags.string("cert"), call.flags.string("key")
    if not cert or not key:
        raise CommandError("key and cert must be specified")
    data = {"tls.crt": _read(call, cert), "tls.key": _read(call, key)}
    for name_of_part, text in (("certificate", data["tls.crt"]), ("key", data["tls.key"])):
        if "-----BEGIN " not in text:
            raise CommandError(f"tls: failed to find any PEM data in {name_of_part} input")
    return generate.submit(call, _secret(name, "kubernetes.io/tls", data), what="secret")
    yield


def _read(call: Invocation, path: str) -> str:
    try:
        return call.factory.files.read(path)
    except FileNotFoundError:
        raise CommandError(f"Cannot read file {path}, open {path}: no such file or directory") from None
    except IsADirectoryError:
        raise CommandError(f"Cannot read file {path}, read {path}: is a directory") from None


def run_docker_registry(call: Invocation) -> Process:
    name = generate.name_of(call)
    flags = call.flags
    if flags.strings("from-file"):
        data = generate.merged(generate.from_files(call.factory.files, flags.strings("from-file")), "Secret", name)
        return generate.submit(call, _secret(name, "kubernetes.io/dockerconfigjson", data), what="secret")
    user, password = flags.string("docker-username"), flags.string("docker-password")
    if not user or not password:
        raise CommandError(
            "either --from-file or the combination of --docker-username, --docker-password and "
            "--docker-server is required"
        )
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    login = {"username": user, "password": password, "email": flags.string("docker-email"), "auth": auth}
    entry = {key: value for key, value in login.items() if value}
    config = compact({"auths": {flags.string("docker-server"): entry}}, in_order=True)
    return generate.submit(
        call, _secret(name, "kubernetes.io/dockerconfigjson", {".dockerconfigjson": config}), what="secret"
    )
    yield


_HASH = Flag("append-hash", "bool", help="Appends a hash of the data to the name")

COMMAND = Command(
    "secret",
    "Create a secret using a specified subcommand",
    use="(docker-registry | generic | tls) [options]",
    long="Creates a Secret: generic from files and values, tls from a certificate and its key, "
    "docker-registry for a registry's login.",
    commands=(
        Command(
            "docker-registry",
            "Create a secret for use with a Docker registry",
            run_docker_registry,
            use="NAME [options]",
            completes="nothing",
            flags=(
                *generate.FLAGS,
                _HASH,
                Flag("docker-server", default="https://index.docker.io/v1/", help="The registry's address"),
                Flag("docker-username", help="The login's name"),
                Flag("docker-password", help="The login's password"),
                Flag("docker-email", help="The login's e-mail"),
                Flag("from-file", "stringSlice", help="A file of logins instead, as .dockerconfigjson=FILE"),
            ),
        ),
        Command(
            "generic",
            "Create a secret from a local file, directory, or literal value",
            run_generic,
            completes="nothing",
            use="NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1] [options]",
            flags=(*generate.FLAGS, *generate.DATA_FLAGS, _HASH, Flag("type", help="The Secret's type")),
        ),
        Command(
            "tls",
            "Create a TLS secret",
            run_tls,
            use="NAME --cert=path/to/cert/file --key=path/to/key/file [options]",
            completes="nothing",
            flags=(
                *generate.FLAGS,
                _HASH,
                Flag("cert", help="The certificate's file"),
                Flag("key", help="The key's file"),
            ),
        ),
    ),
)
