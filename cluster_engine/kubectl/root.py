"""`kubectl` itself: its commands, and how a line is run. Follows k8s.io/kubectl/pkg/cmd/cmd.go."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.clock import rfc3339_micro
from cluster_engine.kubectl import (
    about,
    annotate,
    api_resources,
    apply,
    autoscale,
    cordon,
    delete,
    diff,
    drain,
    events,
    expose,
    get,
    label,
    patch,
    replace,
    run,
    scale,
    taint,
    top,
    wait,
)
from cluster_engine.kubectl.auth import group as auth
from cluster_engine.kubectl.command import Command, execute, lacking
from cluster_engine.kubectl.common_flags import GLOBAL
from cluster_engine.kubectl.create import create
from cluster_engine.kubectl.describe import command as describe
from cluster_engine.kubectl.errors import (
    Aggregate,
    CommandError,
    ExitCode,
    FlagError,
    RequiredFlagsError,
    ServerGone,
    explain,
)
from cluster_engine.kubectl.explain import command as explain_command
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.printers.output import PrintedError
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.rollout import group as rollout
from cluster_engine.kubectl.set import group as set_group

_PROCESS_ID = 1

# Verbs of kubectl 1.32 that the terminal does not have yet: (name, short help, group).
_MISSING = {
    "edit": ("Edit a resource on the server", "Basic Commands (Intermediate)"),
    "certificate": ("Modify certificate resources", "Cluster Management Commands"),
    "logs": ("Print the logs for a container in a pod", "Troubleshooting and Debugging Commands"),
    "attach": ("Attach to a running container", "Troubleshooting and Debugging Commands"),
    "exec": ("Execute a command in a container", "Troubleshooting and Debugging Commands"),
    "port-forward": ("Forward one or more local ports to a pod", "Troubleshooting and Debugging Commands"),
    "proxy": ("Run a proxy to the Kubernetes API server", "Troubleshooting and Debugging Commands"),
    "cp": ("Copy files and directories to and from containers", "Troubleshooting and Debugging Commands"),
    "debug": (
        "Create debugging sessions for troubleshooting workloads and nodes",
        "Troubleshooting and Debugging Commands",
    ),
    "kustomize": ("Build a kustomization target from a directory or URL", "Advanced Commands"),
    "completion": (
        "Output shell completion code for the specified shell (bash, zsh, fish, or powershell)",
        "Settings Commands",
    ),
    "plugin": ("Provides utilities for interacting with plugins", "Other Commands"),
}


def _missing(name: str) -> Command:
    short, group = _MISSING[name]
    return lacking(name, short, group)


ROOT = Command(
    "kubectl",
    "kubectl controls the Kubernetes cluster manager",
    use="[flags] [options]",
    long="kubectl controls the Kubernetes cluster manager.\n\n"
    "This one lives in the terminal of the playground and speaks to its cluster.",
    commands=(
        create.COMMAND,
        expose.COMMAND,
        run.COMMAND,
        set_group.COMMAND,
        explain_command.COMMAND,
        get.COMMAND,
        _missing("edit"),
        delete.COMMAND,
        rollout.COMMAND,
        scale.COMMAND,
        autoscale.COMMAND,
        _missing("certificate"),
        about.CLUSTER_INFO,
        top.COMMAND,
        cordon.CORDON,
        cordon.UNCORDON,
        drain.COMMAND,
        taint.COMMAND,
        describe.COMMAND,
        _missing("logs"),
        _missing("attach"),
        _missing("exec"),
        _missing("port-forward"),
        _missing("proxy"),
        _missing("cp"),
        auth.COMMAND,
        _missing("debug"),
        events.COMMAND,
        diff.COMMAND,
        apply.COMMAND,
        patch.COMMAND,
        replace.COMMAND,
        wait.COMMAND,
        _missing("kustomize"),
        label.COMMAND,
        annotate.COMMAND,
        _missing("completion"),
        api_resources.RESOURCES,
        api_resources.VERSIONS,
        about.CONFIG,
        _missing("plugin"),
        about.VERSION_COMMAND,
        about.OPTIONS,
    ),
)


def main(factory: Factory, words: Sequence[str]) -> Process:
    """Runs `kubectl WORDS…`: prints what there is to print and returns the exit code.

    Whatever is wrong is told, not raised.
    """
    try:
        return (yield from execute(ROOT, factory, words, GLOBAL))
    except (Aggregate, ApiError, CommandError, ExitCode, FlagError, RequiredFlagsError) as error:
        if isinstance(error, PrintedError):
            factory.out.write(error.text)
        if factory.waits_seconds:
            yield Wait(deadline_us=factory.deadline_us(factory.waits_seconds))
        text, code = explain(error, lambda: log_header(factory))
        factory.err.write(text)
        return code
    except ServerGone as gone:
        factory.err.line(gone.told(words))
        return 1


def log_header(factory: Factory) -> str:
    """The head of a line in kubectl's log, e.g. `E1123 00:53:14.103403   13029`."""
    stamp = rfc3339_micro(factory.now_us)
    return f"E{stamp[5:7]}{stamp[8:10]} {stamp[11:26]} {_PROCESS_ID:7d}"
