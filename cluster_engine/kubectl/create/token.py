"""`kubectl create token`. Follows create_token.go."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import generate
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers.output import format_of, object_printer
from cluster_engine.kubectl.process import Process

_BOUND_KINDS = {"Node": "v1", "Pod": "v1", "Secret": "v1"}


def run(call: Invocation) -> Process:
    name = generate.name_of(call)
    flags, factory = call.flags, call.factory
    _validate(call)
    spec: Obj = {"audiences": flags.strings("audience") or None}
    if flags.seconds("duration"):
        spec["expirationSeconds"] = int(flags.seconds("duration"))
    if flags.string("bound-object-kind"):
        kind = flags.string("bound-object-kind")
        reference = {"apiVersion": _BOUND_KINDS[kind], "kind": kind, "name": flags.string("bound-object-name")}
        uid = flags.string("bound-object-uid")
        spec["boundObjectRef"] = {**reference, "uid": uid} if uid else reference
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "metadata": {},
        "spec": generate.sendable(spec),
    }
    try:
        answer: Obj = factory.request(
            "create",
            factory.mapper.resource("serviceaccounts"),
            factory.namespace,
            name,
            subresource="token",
            body=body,
        )
    except ApiError as error:
        raise CommandError(f"failed to create token: {error.message}") from None
    if format_of(flags):
        factory.out.write(object_printer(flags, factory.files)(answer))
        return 0
    factory.out.write(answer["status"]["token"])
    return 0
    yield


def _validate(call: Invocation) -> None:
    flags = call.flags
    if flags.seconds("duration") < 0:
        raise CommandError("--duration must be greater than or equal to 0")
    if flags.seconds("duration") % 1:
        raise CommandError("--duration cannot be expressed in units less than seconds")
    if "" in flags.strings("audience"):
        raise CommandError("--audience must not be an empty string")
    kind = flags.string("bound-object-kind")
    if not kind:
        for flag in ("name", "uid"):
            if flags.string(f"bound-object-{flag}"):
                raise CommandError(f"--bound-object-{flag} can only be set if --bound-object-kind is provided")
        return
    if kind not in _BOUND_KINDS:
        raise CommandError(f"supported --bound-object-kind values are {', '.join(sorted(_BOUND_KINDS))}")
    if not flags.string("bound-object-name"):
        raise CommandError("--bound-object-name is required if --bound-object-kind is provided")


COMMAND = Command(
    "token",
    "Request a service account token",
    run,
    use="SERVICE_ACCOUNT_NAME [options]",
    long="Asks for a token, with which requests are made in the name of a service account.",
    example="kubectl create token bot --duration=10m",
    completes="nothing",
    flags=(
        *common.output(),
        Flag("audience", "stringArray", help="Who the token is for; may be repeated"),
        Flag("bound-object-kind", help="The kind of the object with which the token ends: Node, Pod or Secret"),
        Flag("bound-object-name", help="Its name"),
        Flag("bound-object-uid", help="Its UID"),
        Flag("duration", "duration", help="How long the token holds", shown="0s"),
    ),
)
