"""`kubectl top`: what nodes and pods use. The cluster measures nothing, so the server has no metrics to show."""

from __future__ import annotations

from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process


def run_node(call: Invocation) -> Process:
    name = call.args[0] if call.args else ""
    if len(call.args) > 1:
        raise call.usage_error(f"{' '.join(call.args)}")
    if name and call.flags.string("selector"):
        raise CommandError("only one of NAME or --selector can be provided")
    _sort_by(call)
    _no_metrics()
    return 0
    yield


def run_pod(call: Invocation) -> Process:
    if len(call.args) > 1:
        raise call.usage_error(f"{' '.join(call.args)}")
    if call.args and (call.flags.string("selector") or call.flags.string("field-selector")):
        raise CommandError("only one of NAME or selector can be provided")
    _sort_by(call)
    _no_metrics()
    return 0
    yield


def _sort_by(call: Invocation) -> None:
    if call.flags.string("sort-by") not in ("", "cpu", "memory"):
        raise CommandError("--sort-by accepts only cpu or memory")


def _no_metrics() -> None:
    raise CommandError("Metrics API not available")


_SORT_BY = Flag("sort-by", help="cpu or memory")
_NO_HEADERS = Flag("no-headers", "bool", help="Leaves the line of headers out")
_PROTOCOL = Flag("use-protocol-buffers", "bool", default=True, help="Speaks protobuf with the metrics API")

COMMAND = Command(
    "top",
    "Display resource (CPU/memory) usage",
    use="[flags] [options]",
    long="Shows what nodes and pods use, where the cluster has a metrics server.",
    group="Cluster Management Commands",
    commands=(
        Command(
            "node",
            "Display resource (CPU/memory) usage of nodes",
            run_node,
            aliases=("nodes", "no"),
            use="[NAME | -l label] [options]",
            flags=(
                common.SELECTOR,
                _SORT_BY,
                _NO_HEADERS,
                _PROTOCOL,
                Flag(
                    "show-capacity", "bool", help="Shows a share of the capacity instead of what can be given to pods"
                ),
            ),
        ),
        Command(
            "pod",
            "Display resource (CPU/memory) usage of pods",
            run_pod,
            aliases=("pods", "po"),
            use="[NAME | -l label] [options]",
            flags=(
                common.SELECTOR,
                common.FIELD_SELECTOR,
                common.ALL_NAMESPACES,
                _SORT_BY,
                _NO_HEADERS,
                _PROTOCOL,
                Flag("containers", "bool", help="Shows each container"),
                Flag("sum", "bool", help="Adds everything up"),
            ),
        ),
    ),
)
