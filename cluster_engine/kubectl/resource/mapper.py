"""From words to resources. Follows k8s.io/client-go/restmapper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource, Scheme
from cluster_engine.kubectl.errors import CommandError


@dataclass(slots=True)
class Info:
    """One object that a command is about; `object` is None until it was read. `source` is the file that named it."""

    resource: Resource
    namespace: str
    name: str
    object: Obj | None = None
    source: str = ""

    @property
    def obj(self) -> Obj:
        assert self.object is not None
        return self.object

    @property
    def object_name(self) -> str:
        """As kubectl says it, e.g. `deployment.apps/web`."""
        return object_name(self.resource, self.name)


def object_name(resource: Resource, name: str) -> str:
    kind = resource.kind.lower()
    return f"{kind}.{resource.group}/{name}" if resource.group else f"{kind}/{name}"


def object_name_of(obj: Obj) -> str:
    """The same for an object that has only its own apiVersion and kind."""
    group = obj["apiVersion"].rpartition("/")[0]
    kind = obj["kind"].lower()
    return f"{kind}.{group}/{obj['metadata'].get('name', '')}" if group else f"{kind}/{obj['metadata'].get('name', '')}"


@dataclass(slots=True)
class Mapper:
    """The resources that the server has."""

    scheme: Scheme
    warn: Callable[[str], None] = lambda text: None
    _ambiguous: set[str] = field(default_factory=set)
    _categories: dict[str, list[Resource]] = field(default_factory=dict)

    def get(self, group_resource: str) -> Resource | None:
        return self.scheme.get(group_resource)

    def resource(self, word: str) -> Resource:
        """What a person means by the word; raises CommandError in kubectl's words."""
        found = self.scheme.lookup(word)
        if found is None:
            raise CommandError(f'the server doesn\'t have a resource type "{word.partition(".")[0]}"')
        if word in found.short_names and word not in self._ambiguous:
            self._warn_of_others(word, found)
        return found

    def _warn_of_others(self, word: str, found: Resource) -> None:
        """A short name that several groups have means the first of them."""
        self._ambiguous.add(word)
        for other in self.scheme.preferred():
            if word in other.short_names and other.group_resource != found.group_resource:
                name = f"{other.plural}.{other.group}"
                self.warn(f'short name "{word}" could also match lower priority resource {name}')

    def for_kind(self, api_version: str, kind: str) -> Resource | None:
        return self.scheme.for_kind(api_version, kind)

    def resources(self) -> list[Resource]:
        """All resources, the core group first, then as the server lists them; by name within a group and version."""
        preferred = self.scheme.preferred()
        versions = list(dict.fromkeys(resource.api_version for resource in preferred))
        versions.sort(key=lambda version: "/" in version)
        return sorted(preferred, key=lambda resource: (versions.index(resource.api_version), resource.plural))

    def expand(self, word: str) -> list[str]:
        """The resources of a category such as `all`, or the word itself."""
        if not self._categories:
            for resource in self.resources():
                for category in resource.categories:
                    self._categories.setdefault(category, []).append(resource)
        members = self._categories.get(word)
        return [resource.group_resource for resource in members] if members else [word]
