"""`kubectl run`. Follows k8s.io/kubectl/pkg/cmd/run/run.go."""

from __future__ import annotations

import re

from cluster_engine.apimachinery import go_json
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl import run_attached
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import generate
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process
from cluster_engine.schema.patching import apply_patch

_IMAGE = re.compile(
    r"[a-z0-9]+([._-]+[a-z0-9]+)*(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?\Z",
    re.IGNORECASE,
)


def run(call: Invocation) -> Process:
    flags = call.flags
    before_dash = flags.args_len_at_dash if flags.args_len_at_dash >= 0 else len(call.args)
    if not call.args or before_dash == 0:
        raise call.usage_error("NAME is required for run")
    name, words = call.args[0], call.args[1:]
    image = flags.string("image")
    if not image:
        raise CommandError("--image is required")
    if not _IMAGE.match(image):
        raise CommandError(f'Invalid image name "{image}": invalid reference format')
    _check_attach(call)
    if flags.on("expose") and not flags.string("port"):
        raise call.usage_error("--port must be set when exposing a service")
    restart = flags.string("restart")
    if restart not in ("Always", "OnFailure", "Never"):
        raise call.usage_error(f"invalid restart policy: {restart}")
    pod = _pod(call, name, image, words, restart)
    printer = generate.printer_of(call)
    if flags.on("expose"):
        generate.submit(call, _service(name, pod, int(flags.string("port"))), printer=printer)
        if flags.string("output") == "yaml":
            call.factory.out.line("---")
    attached = _attaches(call)
    if not attached or common.dry_run(flags) != "none":
        return generate.submit(call, pod, printer=printer)
    generate.submit(call, pod, printer=lambda _: "")
    return (yield from run_attached.attach(call, name, restart, exposed=flags.on("expose")))


def _attaches(call: Invocation) -> bool:
    flags = call.flags
    return flags.on("attach") if flags.changed("attach") else flags.on("stdin")


def _check_attach(call: Invocation) -> None:
    flags = call.flags
    if flags.on("tty") and not flags.on("stdin"):
        raise call.usage_error("-i/--stdin is required for containers with -t/--tty=true")
    if flags.on("rm") and not _attaches(call):
        raise call.usage_error("--rm should only be used for attached containers")
    if _attaches(call) and flags.string("dry-run") not in ("none",):
        raise call.usage_error(
            "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)"
        )


def _pod(call: Invocation, name: str, image: str, words: list[str], restart: str) -> Obj:
    flags = call.flags
    container: Obj = {"image": image, "name": name, "resources": {}}
    if words:
        container["command" if flags.on("command") else "args"] = words
    env = [_variable(text) for text in flags.strings("env")]
    if env:
        container["env"] = env
    if flags.string("port"):
        if not re.fullmatch(r"[+-]?\d+", flags.string("port")):
            raise CommandError(f'strconv.Atoi: parsing "{flags.string("port")}": invalid syntax')
        container["ports"] = [{"containerPort": int(flags.string("port"))}]
    if flags.string("image-pull-policy"):
        container["imagePullPolicy"] = flags.string("image-pull-policy")
    if flags.on("stdin"):
        container |= {"stdin": True, **({} if flags.on("leave-stdin-open") else {"stdinOnce": True})}
    if flags.on("tty"):
        container["tty"] = True
    if flags.on("privileged"):
        container["securityContext"] = {"privileged": True}
    labels = parse_labels(flags.string("labels")) if flags.string("labels") else {"run": name}
    meta: Obj = {"creationTimestamp": generate.NO_TIME, "labels": labels, "name": name}
    annotations = dict(text.partition("=")[::2] for text in flags.strings("annotations"))
    if annotations:
        meta["annotations"] = annotations
    pod: Obj = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": {"containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": restart},
        "status": {},
    }
    if flags.string("overrides"):
        try:
            overrides = go_json.parse(flags.string("overrides"))
        except ValueError as error:
            raise CommandError("Invalid JSON Patch") from error
        pod = apply_patch(pod, overrides, flags.string("override-type"))
    return pod


def _variable(text: str) -> Obj:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise CommandError(f"invalid env: {text}")
    return {"name": name, "value": value}


def parse_labels(text: str) -> dict[str, str]:
    """`a=b,c=d`. Follows run.ParseLabels."""
    labels = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals or "=" in value:
            raise CommandError(f"unexpected label spec: {part}")
        if not key:
            raise CommandError("unexpected empty label key")
        labels[key] = value
    return labels


def _service(name: str, pod: Obj, port: int) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"creationTimestamp": generate.NO_TIME, "name": name},
        "spec": {
            "ports": [{"port": port, "protocol": "TCP", "targetPort": port}],
            "selector": pod["metadata"]["labels"],
        },
        "status": {"loadBalancer": {}},
    }


COMMAND = Command(
    "run",
    "Run a particular image on the cluster",
    run,
    use='NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--command] '
    "-- [COMMAND] [args...] [options]",
    long="Creates a pod that runs an image.",
    example="kubectl run web --image=nginx:1.25 --port=80\n\nkubectl run job --image=busybox "
    "--restart=Never -- sleep 60",
    group="Basic Commands (Beginner)",
    completes="nothing",
    flags=(
        *common.output(),
        common.DRY_RUN,
        common.field_manager("kubectl-run"),
        common.cascade(),
        common.GRACE_PERIOD,
        common.TIMEOUT,
        Flag("annotations", "stringArray", help="Annotations of the pod"),
        Flag("attach", "bool", help="Attaches to the pod once it runs"),
        Flag("command", "bool", help="The words after -- are the command, not its arguments"),
        Flag("env", "stringArray", help="An environment variable, as KEY=value; may be repeated"),
        Flag("expose", "bool", help="Creates a Service for the pod; needs --port"),
        Flag("force", "bool", help="Removes at once"),
        Flag("image", required=True, help="The image to run"),
        Flag("image-pull-policy", help="When the image is pulled"),
        Flag("labels", shorthand="l", help="The pod's labels, separated by commas"),
        Flag("leave-stdin-open", "bool", help="Keeps standard input open"),
        Flag("override-type", default="merge", help="How --overrides is merged: json, merge or strategic"),
        Flag("overrides", help="JSON that changes the pod before it is created"),
        Flag("pod-running-timeout", "duration", default=60.0, help="How long to wait for the pod", shown="1m0s"),
        Flag("port", help="The container's port"),
        Flag("privileged", "bool", help="Runs the container privileged"),
        Flag("quiet", "bool", shorthand="q", help="Says less"),
        Flag("restart", default="Always", help="Always, OnFailure or Never"),
        Flag("rm", "bool", help="Deletes the pod after it has ended"),
        Flag("save-config", "bool", help="Keeps the object in its annotation, for a later apply"),
        Flag("stdin", "bool", shorthand="i", help="Keeps standard input open"),
        Flag("tty", "bool", shorthand="t", help="Gives the container a terminal"),
        Flag("wait", "bool", help="Waits until deleted objects are gone"),
    ),
)
