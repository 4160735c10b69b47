"""`kubectl explain`. Follows k8s.io/kubectl/pkg/cmd/explain/explain.go."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import dig
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError, RawError
from cluster_engine.kubectl.explain import nodes, render
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process
from cluster_engine.schema.types import types

SUGGESTION = 'Use "kubectl api-resources" for a complete list of supported resources.'


def run(call: Invocation) -> Process:
    flags = call.flags
    if not call.args:
        raise CommandError(f"You must specify the type of resource to explain. {SUGGESTION}\n")
    if len(call.args) > 1:
        raise CommandError("We accept only this format: explain RESOURCE\n")
    depth = flags.number("max-depth") if flags.has("max-depth") else 0
    resource, path = _split(call.factory, call.args[0])
    resource = _in_version(call.factory, resource, flags.string("api-version"))
    if flags.string("output") not in ("plaintext", "plaintext-openapiv2"):
        raise CommandError(f"unrecognized format: {flags.string('output')}")
    node = _node_of(call.factory, resource)
    call.factory.out.write(render.head_of(resource))
    call.factory.out.write(render.body_of(node, path, recursive=flags.on("recursive"), max_depth=depth))
    return 0
    yield


def _split(factory: Factory, word: str) -> tuple[Resource, Sequence[str]]:
    """`deployments.apps.spec.template` as (resource, path)."""
    head, _, rest = word.partition(".")
    try:
        resource = factory.mapper.resource(head)
    except CommandError as error:
        raise RawError(error.message) from None
    for candidate in factory.mapper.resources():
        name = candidate.group_resource
        if candidate.plural == resource.plural and (word == name or word.startswith(f"{name}.")):
            return candidate, _fields(word[len(name) + 1 :])
    return resource, _fields(rest)


def _fields(text: str) -> list[str]:
    return [part.partition("[")[0] for part in text.split(".") if part]


def _in_version(factory: Factory, resource: Resource, api_version: str) -> Resource:
    if not api_version or api_version == resource.api_version:
        return resource
    for candidate in factory.mapper.scheme.served():
        if candidate.api_version == api_version and candidate.plural == resource.plural:
            return candidate
    group, _, version = api_version.rpartition("/")
    gvr = f"{group}/{version}, Resource={resource.plural}"
    if any(candidate.api_version == api_version for candidate in factory.mapper.scheme):
        raise CommandError(f"GVR ({gvr}) not found in OpenAPI schema")
    raise CommandError(f'couldn\'t find resource for "{gvr}"')


def _node_of(factory: Factory, resource: Resource) -> nodes.Node:
    type_ = types.for_kind(resource.api_version, resource.kind)
    if type_ is not None:
        return nodes.of_type(type_)
    definitions = factory.mapper.get("customresourcedefinitions.apiextensions.k8s.io")
    if definitions is not None:
        try:
            definition = factory.get(definitions, "", resource.group_resource)
        except ApiError:
            return nodes.Node()
        for version in dig(definition, "spec", "versions", default=()):
            if version.get("name") == resource.version:
                return nodes.of_custom_kind(dig(version, "schema", "openAPIV3Schema", default={}))
    return nodes.Node()


COMMAND = Command(
    "explain",
    "Get documentation for a resource",
    run,
    use="TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2] "
    "[options]",
    long="Says what a kind of resource is and which fields it has; TYPE.FIELD.FIELD goes deeper.",
    example="kubectl explain pods\n\n# One field\nkubectl explain pods.spec.containers\n\n"
    "# All fields at a glance\nkubectl explain deployment --recursive",
    group="Basic Commands (Intermediate)",
    flags=(
        Flag("api-version", help="The version to explain, such as apps/v1"),
        Flag("output", default="plaintext", shorthand="o", help="plaintext or plaintext-openapiv2"),
        Flag("recursive", "bool", shorthand="", help="Prints the fields of fields too, by name and type"),
    ),
)
