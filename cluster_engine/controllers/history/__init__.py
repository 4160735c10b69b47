"""ControllerRevisions: the numbered templates that a StatefulSet or DaemonSet has had.

Follows pkg/controller/history/controller_history.go. Used by the controllers of those kinds; imports no controller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.hash import template_hash
from cluster_engine.apimachinery.labels import Selector
from cluster_engine.apimachinery.meta import Obj, controller_of, labels_of, namespace_of, owner_reference
from cluster_engine.client.client import Client
from cluster_engine.client.informer import Informer
from cluster_engine.controllers.common.owners import index_by_owner, orphans_in, owned_by

HASH_LABEL = "controller.kubernetes.io/hash"
RESOURCE = "controllerrevisions.apps"
# A name has room for a hash of up to ten characters and more.
MAX_PREFIX_LENGTH = 223


def revision_name(prefix: str, hash_: str) -> str:
    return f"{prefix[:MAX_PREFIX_LENGTH]}-{hash_}"


def new_controller_revision(parent: Obj, data: Obj, number: int, collision_count: int) -> Obj:
    """A revision of `parent` that holds `data`, with the labels of its template and all of its annotations.

    The hash is of the data's template, which is one object in memory as long as nobody changes it.
    """
    template = parent["spec"]["template"]
    hash_ = template_hash(template, collision_count)
    labels = (template.get("metadata") or {}).get("labels") or {}
    meta: Obj = {
        "name": revision_name(parent["metadata"]["name"], hash_),
        "namespace": namespace_of(parent),
        "labels": {**labels, HASH_LABEL: hash_},
        "ownerReferences": [owner_reference(parent)],
    }
    if parent["metadata"].get("annotations"):
        meta["annotations"] = parent["metadata"]["annotations"]
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": meta,
        "data": data,
        "revision": number,
    }


def sort_key(revision: Obj) -> tuple[int, str, str]:
    """Sorts revisions by number, then age, then name."""
    meta = revision["metadata"]
    return revision["revision"], meta.get("creationTimestamp", ""), meta["name"]


def equal_revision(left: Obj, right: Obj) -> bool:
    """Whether two revisions hold the same data."""
    return left["data"] is right["data"] or left["data"] == right["data"]


class History:
    """Lists, creates, renumbers, adopts and deletes revisions."""

    def __init__(self, client: Client, revisions: Informer) -> None:
        self._client = client
        self._revisions = index_by_owner(revisions)

    def list(self, parent: Obj, selector: Selector) -> list[Obj]:
        """The revisions that match the selector and are the parent's or nobody's, oldest first."""
        candidates = [*owned_by(self._revisions, parent), *orphans_in(self._revisions, namespace_of(parent))]
        return sorted((one for one in candidates if selector.matches(labels_of(one))), key=sort_key)

    def create(self, parent: Obj, revision: Obj, collision_count: int) -> tuple[Obj, int]:
        """Creates the revision; where its name is taken by other data, under the name of the next collision count.

        Returns the revision and the collision count that made its name.
        """
        while True:
            hash_ = template_hash(parent["spec"]["template"], collision_count)
            name = revision_name(parent["metadata"]["name"], hash_)
            clone = {**revision, "metadata": {**revision["metadata"], "name": name}}
            created = self.create_named(clone)
            if created is not None:
                return created, collision_count
            collision_count += 1

    def create_named(self, revision: Obj) -> Obj | None:
        """Creates the revision under the name that it has; None where that name is taken by other data.

        Clients compare the data byte by byte with what they make of a parent, as Go writes a map: sorted.
        """
        try:
            return self._client.create(RESOURCE, {**revision, "data": _sorted(revision["data"])})
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
        meta = revision["metadata"]
        existing = self._client.get(RESOURCE, meta["name"], meta["namespace"])
        return existing if equal_revision(existing, revision) else None

    def renumber(self, revision: Obj, number: int) -> Obj:
        """Gives an old revision a new number: that is a rollback to it."""
        return self._client.update(RESOURCE, {**revision, "revision": number})

    def adopt(self, parent: Obj, revision: Obj) -> Obj:
        """Makes the parent the revision's controller. Raises `ApiError`."""
        meta = revision["metadata"]
        patch = {"metadata": {"ownerReferences": [owner_reference(parent)], "uid": meta["uid"]}}
        return self._client.patch(RESOURCE, meta["name"], patch, meta["namespace"])

    def delete(self, revision: Obj) -> None:
        meta = revision["metadata"]
        self._client.delete(RESOURCE, meta["name"], meta["namespace"])


def is_orphan(revision: Obj) -> bool:
    return controller_of(revision) is None


def _sorted(value: Any) -> Any:
    """The same value with the keys of every object in order."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list | tuple) else value
