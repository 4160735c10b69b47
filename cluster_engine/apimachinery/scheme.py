"""The scheme: which resources there are, and by which names people call them.

A `Resource` joins group, version, kind and plural. Components name a resource by its `group_resource` ("pods",
"deployments.apps"), which is unique in the scheme; people may say singular, plural, short name or a full
`TYPE.VERSION.GROUP`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the API. `group` is "" for the core group."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    list_kind: str = ""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """The unique name within the engine, e.g. `pods` or `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def group_kind(self) -> str:
        """As errors print it, e.g. `Pod` or `Deployment.apps`."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def prefix(self) -> str:
        """Where its objects live in etcd, e.g. `/registry/deployments.apps/`."""
        return f"/registry/{self.group_resource}/"

    def key(self, namespace: str, name: str) -> str:
        """The etcd key of one object."""
        return f"{self.prefix}{namespace}/{name}" if self.namespaced else f"{self.prefix}{name}"


class Scheme:
    """The resources of one API server, in the order in which discovery lists them."""

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._by_group_resource: dict[str, Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        for resource in resources:
            self.add(resource)

    def add(self, resource: Resource) -> None:
        self._by_group_resource[resource.group_resource] = resource
        self._by_kind[(resource.api_version, resource.kind)] = resource

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._by_group_resource.values())

    def get(self, group_resource: str) -> Resource | None:
        return self._by_group_resource.get(group_resource)

    def for_kind(self, api_version: str, kind: str) -> Resource | None:
        return self._by_kind.get((api_version, kind))

    def in_group(self, group: str, version: str) -> list[Resource]:
        return [r for r in self if r.group == group and r.version == version]

    def lookup(self, word: str) -> Resource | None:
        """The resource that a person means by `po`, `pod`, `Pods`, `deployments.apps` or `deployment.v1.apps`."""
        word = word.lower()
        head, _, rest = word.partition(".")
        for resource in self:
            names = (resource.plural, resource.singular or resource.kind.lower(), *resource.short_names)
            if head in names and rest in _suffixes(resource, rest):
                return resource
        return None


def _suffixes(resource: Resource, rest: str) -> tuple[str, ...]:
    """What may stand after the first dot: nothing, the group, or version and group."""
    if not rest:
        return ("",)
    return (resource.group, f"{resource.version}.{resource.group}", f"{resource.version}.")
