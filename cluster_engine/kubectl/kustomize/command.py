"""`kubectl kustomize`. Follows k8s.io/kubectl/pkg/cmd/kustomize."""

from __future__ import annotations

from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, LoggedError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.kustomize.build import build
from cluster_engine.kubectl.printers import yaml_printer
from cluster_engine.kubectl.process import Process


def run(call: Invocation) -> Process:
    if len(call.args) > 1:
        raise LoggedError("specify one path to kustomization.yaml")
    try:
        objects = build(call.factory, call.args[0] if call.args else ".")
    except CommandError as error:
        raise LoggedError(error.message) from None
    text = "---\n".join(yaml_printer.dump(obj) for obj in objects)
    path = call.flags.string("output")
    if path:
        call.factory.files.write(path, text)
    else:
        call.factory.out.write(text)
    return 0
    yield


COMMAND = Command(
    "kustomize",
    "Build a kustomization target from a directory or URL",
    run,
    use="DIR [options]",
    long="Puts manifests together as a directory's kustomization.yaml says, and prints them.",
    example="kubectl kustomize overlays/production\n\n# And into the cluster\nkubectl apply -k overlays/production",
    group="Advanced Commands",
    completes="files",
    flags=(
        Flag("as-current-user", "bool", help="For functions: as whom they run"),
        Flag("enable-alpha-plugins", "bool", help="Allows plugins"),
        Flag("enable-helm", "bool", help="Allows Helm charts"),
        Flag("load-restrictor", default="LoadRestrictionsRootOnly", help="Which files may be read"),
        Flag("output", shorthand="o", help="The file to write to"),
    ),
)
