"""`kubectl version`, `cluster-info`, `options` and a `config` that can be read."""

from __future__ import annotations

from cluster_engine.kubectl.command import Command, Invocation, flag_help
from cluster_engine.kubectl.common_flags import GLOBAL
from cluster_engine.kubectl.config.kubeconfig import SERVER_URL
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.factory import VERSION
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers import json_printer, yaml_printer
from cluster_engine.kubectl.process import Process

_KUSTOMIZE = "v5.5.0"


def run_version(call: Invocation) -> Process:
    flags, out = call.flags, call.factory.out
    if call.args:
        raise CommandError(f"extra arguments: [{' '.join(call.args)}]")
    output = flags.string("output")
    if output not in ("", "json", "yaml"):
        raise CommandError("--output must be 'yaml' or 'json'")
    client_only = flags.on("client")
    if not output:
        out.line(f"Client Version: {VERSION}")
        out.line(f"Kustomize Version: {_KUSTOMIZE}")
        if not client_only:
            call.factory.check_server()
            out.line(f"Server Version: {VERSION}")
        return 0
    version = {
        "compiler": "gc",
        "gitTreeState": "clean",
        "gitVersion": VERSION,
        "major": "1",
        "minor": "32",
        "platform": "linux/amd64",
    }
    body: dict[str, object] = {"clientVersion": version, "kustomizeVersion": _KUSTOMIZE}
    if not client_only:
        call.factory.check_server()
        body["serverVersion"] = version
    out.write(yaml_printer.dump(body) + "\n" if output == "yaml" else json_printer.pretty(body) + "\n")
    return 0
    yield


def run_cluster_info(call: Invocation) -> Process:
    if call.args[:1] == ["dump"]:
        raise CommandError('the terminal\'s kubectl does not have "cluster-info dump" yet')
    call.factory.check_server()
    call.factory.out.line(f"Kubernetes control plane is running at {SERVER_URL}")
    call.factory.out.line()
    call.factory.out.line("To further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.")
    return 0
    yield


def run_options(call: Invocation) -> Process:
    call.factory.out.line("The following options can be passed to any command:\n")
    call.factory.out.line("\n\n".join(flag_help(flag) for flag in GLOBAL))
    return 0
    yield


VERSION_COMMAND = Command(
    "version",
    "Print the client and server version information",
    run_version,
    use="[options]",
    completes="nothing",
    long="Shows the versions of kubectl and of the server.",
    flags=(
        Flag("client", "bool", help="Only kubectl's own version"),
        Flag("output", shorthand="o", help="json or yaml"),
    ),
)
CLUSTER_INFO = Command(
    "cluster-info",
    "Display cluster information",
    run_cluster_info,
    use="[options]",
    completes="nothing",
    long="Shows where the control plane is.",
    group="Cluster Management Commands",
)


def run_alpha(call: Invocation) -> Process:
    call.factory.err.line("No alpha commands are available in this version of kubectl")
    return 0
    yield


ALPHA = Command(
    "alpha",
    "Commands for features in alpha",
    run_alpha,
    use="[options]",
    long="Holds commands that are tried out. This version has none.",
    hidden=True,
    completes="nothing",
)
OPTIONS = Command(
    "options",
    "Print the list of flags inherited by all commands",
    run_options,
    use="[options]",
    hidden=True,
    completes="nothing",
)
