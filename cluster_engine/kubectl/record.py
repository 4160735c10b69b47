"""`--record`: the command line in the annotation kubernetes.io/change-cause. Follows cli-runtime's RecordFlags."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, annotations_of, with_annotations
from cluster_engine.kubectl.command import Invocation

CHANGE_CAUSE = "kubernetes.io/change-cause"


def change_cause(call: Invocation) -> str | None:
    """The command as it is written down, or None without the flag.

    For example `kubectl scale deploy web --replicas=3 --record=true`.
    """
    if not call.flags.on("record"):
        return None
    words = [call.path, *call.args]
    words += [f"--{name}={value}" for name, value in call.flags.given]
    return " ".join(words)


def recorded(call: Invocation, obj: Obj) -> Obj:
    """The object with the annotation, where `--record` asks for it."""
    cause = change_cause(call)
    return obj if cause is None else with_annotations(obj, {CHANGE_CAUSE: cause})


def record_patch(call: Invocation, obj: Obj) -> Obj | None:
    """A merge patch that sets the annotation; None when there is nothing to set."""
    cause = change_cause(call)
    if cause is None or annotations_of(obj).get(CHANGE_CAUSE) == cause:
        return None
    return {"metadata": {"annotations": {CHANGE_CAUSE: cause}}}
