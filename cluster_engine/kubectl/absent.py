"""Commands that make no sense in a sandbox, or have little to say: certificate, proxy, plugin, completion."""

from __future__ import annotations

from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process

_SHELLS = ("bash", "zsh", "fish", "powershell")


def run_certificate(call: Invocation) -> Process:
    """The cluster keeps no certificate requests, so none is ever found."""
    if not call.args and not call.flags.strings("filename"):
        raise CommandError("one or more CSRs must be specified as <name> or -f <filename>")
    raise CommandError('the server doesn\'t have a resource type "certificatesigningrequests"')
    yield


def run_proxy(_: Invocation) -> Process:
    raise CommandError(
        "the terminal has no network of its own to serve the API on; `kubectl get --raw PATH` reads a path"
    )
    yield


def run_plugin_list(_: Invocation) -> Process:
    raise CommandError("unable to find any kubectl plugins in your PATH")
    yield


def run_completion(call: Invocation) -> Process:
    if len(call.args) == 0:
        raise call.usage_error("Shell not specified.")
    if len(call.args) > 1:
        raise call.usage_error("Too many arguments. Expected only the shell type.")
    if call.args[0] not in _SHELLS:
        raise call.usage_error(f'Unsupported shell type "{call.args[0]}".')
    call.factory.out.line("# Nothing to do: the terminal completes kubectl's lines by itself.")
    return 0
    yield


def _decision(name: str, short: str) -> Command:
    return Command(
        name,
        short,
        run_certificate,
        use="(-f FILENAME | NAME) [options]",
        completes="nothing",
        flags=(*common.filename("to decide on"), *common.output(), Flag("force", "bool", help="Changes a decision")),
    )


CERTIFICATE = Command(
    "certificate",
    "Modify certificate resources",
    use="SUBCOMMAND [options]",
    long="Decides on requests for certificates. A sandbox has none.",
    group="Cluster Management Commands",
    commands=(
        _decision("approve", "Approve a certificate signing request"),
        _decision("deny", "Deny a certificate signing request"),
    ),
)
PROXY = Command(
    "proxy",
    "Run a proxy to the Kubernetes API server",
    run_proxy,
    use="[--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix] [options]",
    long="Serves the API on a local port. The terminal has no ports of its own.",
    group="Troubleshooting and Debugging Commands",
    completes="nothing",
    flags=(
        Flag("accept-hosts", help="Which hosts may ask"),
        Flag("address", default="127.0.0.1", help="The address to listen on"),
        Flag("api-prefix", default="/", help="The path of the API"),
        Flag("port", "int", default=8001, shorthand="p", help="The port to listen on"),
    ),
)
PLUGIN = Command(
    "plugin",
    "Provides utilities for interacting with plugins",
    use="[flags] [options]",
    long="Plugins are programs of yours that become commands of kubectl. The terminal has none.",
    commands=(
        Command(
            "list",
            "List all visible plugin executables on a user's PATH",
            run_plugin_list,
            completes="nothing",
            flags=(Flag("name-only", "bool", help="Shows names only"),),
        ),
    ),
)
COMPLETION = Command(
    "completion",
    "Output shell completion code for the specified shell (bash, zsh, fish, or powershell)",
    run_completion,
    use="SHELL",
    long="Says what a shell needs to complete kubectl's lines. The terminal does so by itself.",
    group="Settings Commands",
    completes="nothing",
)
