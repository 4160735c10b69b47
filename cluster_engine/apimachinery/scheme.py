"""The scheme: which resources there are, and by which names people call them.

A `Resource` joins group, version, kind and plural. Components name a resource by its `group_resource` ("pods",
"deployments.apps"), which is unique in the scheme; people may say singular, plural, short name or a full
`TYPE.VERSION.GROUP`.

Some kinds are served in several versions, or under a second group. One of the resources is the stored one; the others
are views of it, which say so in `stored_as`. Components deal with stored resources only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
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
    # The group resource whose objects these are, for a view in another version or group.
    stored_as: str = ""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """The unique name within the engine, e.g. `pods` or `deployments.apps`; a view in another version of the same
        group has the version in it (`horizontalpodautoscalers.v1.autoscaling`).
        """
        name = f"{self.plural}.{self.group}" if self.group else self.plural
        return f"{self.plural}.{self.version}.{self.group}" if self.stored_as == name else name

    @property
    def stored_name(self) -> str:
        """The group resource under which its objects are stored and counted."""
        return self.stored_as or self.group_resource

    @property
    def group_kind(self) -> str:
        """As errors print it, e.g. `Pod` or `Deployment.apps`."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def prefix(self) -> str:
        """Where its objects live in etcd, e.g. `/registry/deployments.apps/`."""
        return f"/registry/{self.stored_as or self.group_resource}/"

    def key(self, namespace: str, name: str) -> str:
        """The etcd key of one object."""
        return f"{self.prefix}{namespace}/{name}" if self.namespaced else f"{self.prefix}{name}"


Listener = Callable[[Resource, bool], None]
_VERSION = re.compile(r"v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?", re.ASCII)


def version_order(version: str) -> tuple[object, ...]:
    """A sort key that puts the preferred version first: v2, v1, v1beta2, v1alpha1, then all other names.

    Follows apimachinery/pkg/version.CompareKubeAwareVersionStrings.
    """
    found = _VERSION.fullmatch(version)
    if found is None:
        return (1, version)
    major, stability, minor = found.groups()
    return (0, {None: 0, "beta": 1, "alpha": 2}[stability], -int(major), -int(minor or 0))


class Scheme:
    """The resources of one API server, in the order in which discovery lists them. It grows and shrinks with the
    CustomResourceDefinitions.
    """

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._by_group_resource: dict[str, Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self._listeners: list[Listener] = []
        # Counts the changes, so that whoever keeps something that was made of the scheme can tell when it is stale.
        self.generation = 0
        for resource in resources:
            self.add(resource)

    def add(self, resource: Resource) -> None:
        """Adds a resource, or replaces the one of the same name."""
        known = self._by_group_resource.get(resource.group_resource)
        if known is not None:
            self._forget(known)
        self._by_group_resource[resource.group_resource] = resource
        self._by_kind[(resource.api_version, resource.kind)] = resource
        self._by_path[(resource.group, resource.version, resource.plural)] = resource
        self.generation += 1
        if known is None:
            self._tell(resource, True)

    def remove(self, group_resource: str) -> None:
        """Removes a resource that there is."""
        resource = self._by_group_resource.pop(group_resource)
        self._forget(resource)
        self.generation += 1
        self._tell(resource, False)

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener(resource, added)` for each stored resource that comes (True) or goes (False) from now on;
        returns what ends that.
        """
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def _forget(self, resource: Resource) -> None:
        """Takes away the ways to a resource, unless they lead to another by now."""
        kind, path = (resource.api_version, resource.kind), (resource.group, resource.version, resource.plural)
        if self._by_kind.get(kind) is resource:
            del self._by_kind[kind]
        if self._by_path.get(path) is resource:
            del self._by_path[path]

    def _tell(self, resource: Resource, added: bool) -> None:
        if not resource.stored_as:
            for listener in tuple(self._listeners):
                listener(resource, added)

    def __iter__(self) -> Iterator[Resource]:
        """The stored resources, each once."""
        return (resource for resource in self._by_group_resource.values() if not resource.stored_as)

    def served(self) -> Iterator[Resource]:
        """All resources, views included."""
        return iter(self._by_group_resource.values())

    def preferred(self) -> list[Resource]:
        """Of each resource of each group the version that the group prefers."""
        best: dict[tuple[str, str], Resource] = {}
        for resource in self.served():
            key = resource.group, resource.plural
            if key not in best or version_order(resource.version) < version_order(best[key].version):
                best[key] = resource
        return list(best.values())

    def get(self, group_resource: str) -> Resource | None:
        return self._by_group_resource.get(group_resource)

    def at(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource that a path such as `/apis/apps/v1/…/deployments` means."""
        return self._by_path.get((group, version, plural))

    def for_kind(self, api_version: str, kind: str) -> Resource | None:
        return self._by_kind.get((api_version, kind))

    def versions(self, group: str) -> list[str]:
        """The versions of a group, the preferred one first."""
        return sorted({resource.version for resource in self.served() if resource.group == group}, key=version_order)

    def in_group(self, group: str, version: str) -> list[Resource]:
        return [r for r in self.served() if r.group == group and r.version == version]

    def lookup(self, word: str) -> Resource | None:
        """The resource that a person means by `po`, `pod`, `Pods`, `deployments.apps` or `deployment.v1.apps`."""
        word = word.lower()
        head, _, rest = word.partition(".")
        candidates = self.preferred()
        if rest:
            candidates.extend(self.served())
        for resource in candidates:
            names = (resource.plural, resource.singular or resource.kind.lower(), *resource.short_names)
            if head in names and rest in _suffixes(resource, rest):
                return resource
        return None


def _suffixes(resource: Resource, rest: str) -> tuple[str, ...]:
    """What may stand after the first dot: nothing, the group, or version and group."""
    if not rest:
        return ("",)
    return (resource.group, f"{resource.version}.{resource.group}", f"{resource.version}.")
