"""`kubectl create role` and `clusterrole`. Follows create_role.go and create_clusterrole.go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.create import generate
from cluster_engine.kubectl.errors import CommandError, RawError
from cluster_engine.kubectl.flags import Flag
from cluster_engine.kubectl.process import Process

RBAC = "rbac.authorization.k8s.io"
_VERBS = (
    "*", "get", "delete", "list", "create", "update", "patch", "watch", "proxy", "deletecollection", "use", "bind",
    "escalate", "impersonate",
)  # fmt: skip
_PATH_VERBS = ("*", "get", "post", "put", "delete", "patch", "head", "options")
# Verbs that only mean something on these: (resource, group).
_SPECIAL_VERBS: dict[str, tuple[tuple[str, str], ...]] = {
    "use": (("podsecuritypolicies", "policy"), ("podsecuritypolicies", "extensions")),
    "bind": (("roles", RBAC), ("clusterroles", RBAC)),
    "escalate": (("roles", RBAC), ("clusterroles", RBAC)),
    "impersonate": (
        ("users", ""),
        ("serviceaccounts", ""),
        ("groups", ""),
        ("userextras", "authentication.k8s.io"),
    ),
}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One `--resource`."""

    word: str
    group: str
    subresource: str


def run_role(call: Invocation) -> Process:
    name = generate.name_of(call)
    verbs, wanted = _verbs(call), _wanted(call)
    if not verbs:
        raise CommandError("at least one verb must be specified")
    _warn_of_verbs(call, verbs)
    if not wanted:
        raise CommandError("at least one resource must be specified")
    _validate(call, verbs, wanted)
    obj = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "Role",
        "metadata": {"name": name},
        "rules": _rules(call, verbs, wanted),
    }
    return generate.submit(call, obj)
    yield


def run_cluster_role(call: Invocation) -> Process:
    name = generate.name_of(call)
    verbs, wanted = _verbs(call), _wanted(call)
    urls = list(dict.fromkeys(call.flags.strings("non-resource-url")))
    obj: Obj = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name}}
    aggregation = call.flags.string("aggregation-rule")
    if aggregation:
        if urls or verbs or wanted or call.flags.strings("resource-name"):
            raise CommandError(
                "aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames"
            )
        labels = dict(part.partition("=")[::2] for part in aggregation.split(","))
        obj |= {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": labels}]}, "rules": None}
        return generate.submit(call, obj)
    if not verbs:
        raise CommandError("at least one verb must be specified")
    if not wanted and not urls:
        raise CommandError("one of resource or nonResourceURL must be specified")
    if wanted:
        _warn_of_verbs(call, verbs)
        _validate(call, verbs, wanted)
    _validate_urls(verbs, urls)
    obj["rules"] = _rules(call, verbs, wanted)
    if urls:
        obj["rules"].append({"nonResourceURLs": urls, "verbs": verbs})
    return generate.submit(call, obj)
    yield


def _verbs(call: Invocation) -> list[str]:
    verbs = list(dict.fromkeys(call.flags.strings("verb")))
    return ["*"] if "*" in verbs else verbs


def _wanted(call: Invocation) -> list[_Wanted]:
    found: list[_Wanted] = []
    for text in call.flags.strings("resource"):
        resource, slash, subresource = text.partition("/")
        word, dot, group = resource.partition(".")
        one = _Wanted(word, group, subresource)
        if word == "*" and not dot and not slash:
            return [one]
        found.append(one)
    return found


def _warn_of_verbs(call: Invocation, verbs: Sequence[str]) -> None:
    for verb in verbs:
        if verb not in _VERBS:
            call.factory.err.line(f"Warning: '{verb}' is not a standard resource verb")


def _resource(call: Invocation, one: _Wanted) -> Resource | None:
    return call.factory.mapper.scheme.lookup(f"{one.word}.{one.group}" if one.group else one.word)


def _validate(call: Invocation, verbs: Sequence[str], wanted: Sequence[_Wanted]) -> None:
    for one in wanted:
        if not one.word:
            raise CommandError("resource must be specified if apiGroup/subresource specified")
        if one.word == "*":
            return
        found = _resource(call, one)
        plural, group = (found.plural, found.group) if found else (one.word, one.group)
        known = found is not None
        for verb in verbs:
            if verb in _SPECIAL_VERBS:
                if (plural, group) not in _SPECIAL_VERBS[verb]:
                    raise CommandError(f"can not perform '{verb}' on '{plural}' in group '{group}'")
                known = True
        if not known:
            raise RawError(f'the server doesn\'t have a resource type "{one.word}"')


def _validate_urls(verbs: Sequence[str], urls: Sequence[str]) -> None:
    if not urls:
        return
    for verb in verbs:
        if verb not in _PATH_VERBS:
            raise CommandError(f"invalid verb: '{verb}' for nonResourceURL")
    for url in urls:
        if url != "*" and not url.startswith("/"):
            raise CommandError("nonResourceURL should start with /")
        if "*" in url[:-1]:
            raise CommandError("nonResourceURL only supports wildcard matches when '*' is at the end")


def _rules(call: Invocation, verbs: list[str], wanted: Sequence[_Wanted]) -> list[Obj]:
    """One rule for each API group."""
    by_group: dict[str, list[str]] = {}
    for one in wanted:
        found = _resource(call, one)
        plural, group = (found.plural, found.group) if found else (one.word, one.group)
        text = f"{plural}/{one.subresource}" if one.subresource else plural
        resources = by_group.setdefault(group, [])
        if text not in resources:
            resources.append(text)
    names = list(dict.fromkeys(call.flags.strings("resource-name")))
    rules: list[Obj] = []
    for group in sorted(by_group):
        rule: Obj = {"apiGroups": [group], "resources": by_group[group], "verbs": verbs}
        rules.append({**rule, "resourceNames": names} if names else rule)
    return rules


_RULE_FLAGS = (
    Flag("resource", "stringSlice", help="A resource, as TYPE.GROUP/SUBRESOURCE; may be repeated"),
    Flag("resource-name", "stringArray", help="A name of the resources that are meant; may be repeated"),
    Flag("verb", "stringSlice", help="What is allowed; may be repeated"),
)
ROLE = Command(
    "role",
    "Create a role with single rule",
    run_role,
    use="NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] "
    "[--dry-run=server|client|none] [options]",
    long="Creates a Role: what may be done with resources of a namespace.",
    example="kubectl create role reader --verb=get,list,watch --resource=pods,pods/log",
    completes="nothing",
    flags=(*generate.FLAGS, *_RULE_FLAGS),
)
CLUSTER_ROLE = Command(
    "clusterrole",
    "Create a cluster role",
    run_cluster_role,
    use="NAME --verb=verb --resource=resource.group [--resource-name=resourcename] [--dry-run=server|client|none] "
    "[options]",
    long="Creates a ClusterRole: what may be done with resources of the whole cluster, or with paths of the API.",
    example="kubectl create clusterrole node-reader --verb=get,list,watch --resource=nodes",
    completes="nothing",
    flags=(
        *generate.FLAGS,
        *_RULE_FLAGS,
        Flag("aggregation-rule", help="Labels of the ClusterRoles whose rules this one takes together"),
        Flag("non-resource-url", "stringSlice", help="A path of the API; may be repeated"),
    ),
)
