"""`kubectl` itself: its commands, and how a line is run. Follows k8s.io/kubectl/pkg/cmd/cmd.go."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.kubectl import (
    about,
    absent,
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
from cluster_engine.kubectl.command import Command, execute
from cluster_engine.kubectl.common_flags import GLOBAL
from cluster_engine.kubectl.config import command as config
from cluster_engine.kubectl.create import create
from cluster_engine.kubectl.describe import command as describe
from cluster_engine.kubectl.edit import command as edit_command
from cluster_engine.kubectl.errors import (
    Aggregate,
    CommandError,
    ExitCode,
    FlagError,
    PrintedError,
    RequiredFlagsError,
    ServerGone,
    explain,
)
from cluster_engine.kubectl.explain import command as explain_command
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.kustomize import command as kustomize
from cluster_engine.kubectl.pods import attach, cp, debug, logs, portforward
from cluster_engine.kubectl.pods import exec as pod_exec
from cluster_engine.kubectl.process import Process, Wait
from cluster_engine.kubectl.rollout import group as rollout
from cluster_engine.kubectl.set import group as set_group

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
        edit_command.COMMAND,
        delete.COMMAND,
        rollout.COMMAND,
        scale.COMMAND,
        autoscale.COMMAND,
        absent.CERTIFICATE,
        about.CLUSTER_INFO,
        top.COMMAND,
        cordon.CORDON,
        cordon.UNCORDON,
        drain.COMMAND,
        taint.COMMAND,
        describe.COMMAND,
        logs.COMMAND,
        attach.COMMAND,
        pod_exec.COMMAND,
        portforward.COMMAND,
        absent.PROXY,
        cp.COMMAND,
        auth.COMMAND,
        debug.COMMAND,
        events.COMMAND,
        diff.COMMAND,
        apply.COMMAND,
        patch.COMMAND,
        replace.COMMAND,
        wait.COMMAND,
        kustomize.COMMAND,
        label.COMMAND,
        annotate.COMMAND,
        absent.COMPLETION,
        api_resources.RESOURCES,
        api_resources.VERSIONS,
        config.COMMAND,
        absent.PLUGIN,
        about.VERSION_COMMAND,
        about.ALPHA,
        about.OPTIONS,
    ),
)


def _warned(factory: Factory, words: Sequence[str], code: int) -> int:
    """The exit code, where `--warnings-as-errors` makes a failure of warnings. Follows cmd.NewDefaultKubectlCommand."""
    if not factory.warnings or not {"--warnings-as-errors", "--warnings-as-errors=true"} & set(words):
        return code
    count = "1 warning" if factory.warnings == 1 else f"{factory.warnings} warnings"
    factory.log("E", f'run.go:72] "command failed" err="{count} received"')
    return 1


def main(factory: Factory, words: Sequence[str]) -> Process:
    """Runs `kubectl WORDS…`: prints what there is to print and returns the exit code.

    Whatever is wrong is told, not raised.
    """
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    try:
        return _warned(factory, words, (yield from execute(ROOT, factory, words, GLOBAL)))
    except (Aggregate, ApiError, CommandError, ExitCode, FlagError, RequiredFlagsError) as error:
        if isinstance(error, PrintedError):
            factory.out.write(error.text)
        if factory.waits_seconds:
            yield Wait(deadline_us=factory.deadline_us(factory.waits_seconds))
        text, code = explain(error, lambda: factory.log_header("E"))
        factory.err.write(text)
        return code
    except ServerGone as gone:
        factory.err.line(gone.told(words))
        return 1
