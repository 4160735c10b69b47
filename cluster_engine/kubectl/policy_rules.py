"""The rules of roles, as people read them. Follows k8s.io/kubectl/pkg/util/rbac."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cluster_engine.apimachinery.meta import Obj

HEADERS = ("Resources", "Non-Resource URLs", "Resource Names", "Verbs")


def rows(rules: Iterable[Obj]) -> list[list[str]]:
    """Compacted rules in their order, as cells."""
    return [
        [
            _combined(rule.get("resources") or (), rule.get("apiGroups") or ()),
            _shown(rule.get("nonResourceURLs")),
            _shown(rule.get("resourceNames")),
            _shown(rule.get("verbs")),
        ]
        for rule in sorted(compact(rules), key=_order)
    ]


def compact(rules: Iterable[Obj]) -> list[Obj]:
    """The rules taken apart, and those of one resource (and name) joined; rules of paths stay apart."""
    joined: dict[tuple[str, str, str | None], list[str]] = {}
    rest: list[Obj] = []
    for rule in rules:
        for url in rule.get("nonResourceURLs") or ():
            rest += [{"nonResourceURLs": [url], "verbs": [verb]} for verb in rule["verbs"]]
        names: Sequence[str | None] = rule.get("resourceNames") or (None,)
        for group in rule.get("apiGroups") or ():
            for resource in rule.get("resources") or ():
                for name in names:
                    verbs = joined.setdefault((group, resource, name), [])
                    verbs += [verb for verb in rule["verbs"] if verb not in verbs]
    made: list[Obj] = []
    for (group, resource, name), verbs in joined.items():
        one: Obj = {"apiGroups": [group], "resources": [resource], "verbs": verbs}
        made.append(one if name is None else {**one, "resourceNames": [name]})
    return [*made, *rest]


def _order(rule: Obj) -> str:
    """As Go prints the rule, which is what it is sorted by."""
    fields = (
        ("Verbs", "verbs"),
        ("APIGroups", "apiGroups"),
        ("Resources", "resources"),
        ("ResourceNames", "resourceNames"),
        ("NonResourceURLs", "nonResourceURLs"),
    )
    return "&PolicyRule{" + "".join(f"{word}:{_shown(rule.get(field))}," for word, field in fields) + "}"


def _shown(values: Sequence[str] | None) -> str:
    return "[" + " ".join(values or ()) + "]"


def _combined(resources: Sequence[str], groups: Sequence[str]) -> str:
    """The resource with its group, e.g. `deployments.apps/scale`. Follows describe.CombineResourceGroup."""
    if not resources:
        return ""
    head, slash, subresource = resources[0].partition("/")
    return head + (f".{groups[0]}" if groups and groups[0] else "") + slash + subresource
