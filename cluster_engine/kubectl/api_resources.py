"""`kubectl api-resources` and `api-versions`. Follows k8s.io/kubectl/pkg/cmd/apiresources."""

from __future__ import annotations

from collections.abc import Callable

from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.printers.tabwriter import TableWriter
from cluster_engine.kubectl.process import Process

_HEADERS = ("NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND")
_SORTS: dict[str, Callable[[Resource], str]] = {
    "name": lambda resource: resource.plural,
    "kind": lambda resource: resource.kind,
}


def run(call: Invocation) -> Process:
    flags = call.flags
    if call.args:
        raise call.usage_error(f"unexpected arguments: [{' '.join(call.args)}]")
    output = flags.string("output")
    if output not in ("", "wide", "name"):
        raise CommandError(f"--output {output} is not available")
    if flags.string("sort-by") not in ("", *_SORTS):
        raise CommandError("--sort-by accepts only name or kind")
    resources = _chosen(call)
    if output == "name":
        call.factory.out.write("".join(f"{resource.group_resource}\n" for resource in resources))
        return 0
    rows = [[] if flags.on("no-headers") else [*_HEADERS, *(("VERBS", "CATEGORIES") if output == "wide" else ())]]
    for resource in resources:
        row = [
            resource.plural,
            ",".join(resource.short_names),
            resource.api_version,
            "true" if resource.namespaced else "false",
            resource.kind,
        ]
        rows.append(
            [*row, ",".join(sorted(resource.verbs)), ",".join(resource.categories)] if output == "wide" else row
        )
    call.factory.out.write(TableWriter().render([row for row in rows if row]))
    return 0
    yield


def _chosen(call: Invocation) -> list[Resource]:
    flags = call.flags
    resources = call.factory.mapper.resources()
    resources.sort(key=lambda resource: (resource.group != "", resource.group, resource.plural))
    if flags.changed("api-group"):
        resources = [resource for resource in resources if resource.group == flags.string("api-group")]
    if flags.changed("namespaced"):
        resources = [resource for resource in resources if resource.namespaced == flags.on("namespaced")]
    verbs = flags.strings("verbs")
    resources = [resource for resource in resources if all(verb in resource.verbs for verb in verbs)]
    categories = flags.strings("categories")
    resources = [resource for resource in resources if all(category in resource.categories for category in categories)]
    sort_by = flags.string("sort-by")
    return sorted(resources, key=_SORTS[sort_by]) if sort_by else resources


def run_versions(call: Invocation) -> Process:
    if call.args:
        raise call.usage_error(f"unexpected arguments: [{' '.join(call.args)}]")
    versions = sorted({resource.api_version for resource in call.factory.mapper.scheme.served()})
    call.factory.out.write("".join(f"{version}\n" for version in versions))
    return 0
    yield


RESOURCES = Command(
    "api-resources",
    "Print the supported API resources on the server",
    run,
    use="[options]",
    long="Lists the types of resources that the server has, with their short names.",
    completes="nothing",
    flags=(
        Flag("api-group", help="Only this API group"),
        Flag("cached", "bool", help="Uses what is known already"),
        Flag("categories", "stringSlice", help="Only those in these categories"),
        Flag("namespaced", "bool", default=True, help="Only those that are in namespaces, or are not"),
        Flag("no-headers", "bool", help="Leaves the line of headers out"),
        Flag("output", shorthand="o", help="wide or name"),
        Flag("sort-by", help="name or kind"),
        Flag("verbs", "stringSlice", help="Only those that have these verbs"),
    ),
)
VERSIONS = Command(
    "api-versions",
    'Print the supported API versions on the server, in the form of "group/version"',
    run_versions,
    use="[options]",
    long="Lists the API versions that the server has.",
    completes="nothing",
)
