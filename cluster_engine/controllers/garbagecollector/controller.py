"""Follows pkg/controller/garbagecollector/{garbagecollector,graph_builder}.go.

The real one builds a graph of all objects. Here the informers' indices by owner are the graph: every informer of a
cluster is up to date when a step begins, so that an owner which is in none of them is absent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, deleting, key_of, split_key
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType, Handler, Informer
from cluster_engine.trace import Cause

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
BY_OWNER = "owner-uid"
# The name by which its handlers are known in the controller manager.
SUBSCRIBER = "garbage-collector"
# Nothing owns these or is owned by them, and there are many.
IGNORED_KINDS = ("Event",)

Propagation = Literal["Background", "Foreground", "Orphan"]


def _owner_uids(obj: Obj) -> list[str]:
    references = obj["metadata"].get("ownerReferences")
    return [reference["uid"] for reference in references] if references else []


def _blocked(obj: Obj) -> set[str]:
    """The owners that may not go before `obj`."""
    return {r["uid"] for r in obj["metadata"].get("ownerReferences") or () if r.get("blockOwnerDeletion")}


def _finalizers(obj: Obj) -> list[str]:
    return obj["metadata"].get("finalizers") or []


def _deletes_dependents(obj: Obj) -> bool:
    """Whether it is being deleted, and waits for its dependents to go first."""
    return deleting(obj) and FOREGROUND in _finalizers(obj)


class GarbageCollector(Controller):
    """One key is `resource|namespace/name`."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("garbage-collector", context)
        self.scheme = self.client.server.scheme
        self.informers: dict[str, Informer] = {}
        # uid -> (resource, key) of every object that there is.
        self.known: dict[str, tuple[str, str]] = {}
        for resource in self.scheme:
            self._follow(resource)
        self._unsubscribe = self.scheme.on_change(self._on_scheme_change)

    def stop(self) -> None:
        super().stop()
        self._unsubscribe()

    def _on_scheme_change(self, resource: Resource, added: bool) -> None:
        """A custom resource has come or gone."""
        if added:
            with self.context.informers.subscribing(SUBSCRIBER):
                self._follow(resource)
        elif self.informers.pop(resource.group_resource, None) is not None:
            self.context.informers.forget(resource.group_resource)

    def _follow(self, resource: Resource) -> None:
        if resource.kind in IGNORED_KINDS or not {"list", "watch", "delete"} <= set(resource.verbs):
            return
        informer = self.informer(resource.group_resource)
        informer.add_index(BY_OWNER, _owner_uids)
        self.informers[resource.group_resource] = informer
        informer.add_handler(self._handler(resource))

    def _handler(self, resource: Resource) -> Handler:
        name = resource.group_resource
        known = self.known

        def on_event(type_: EventType, obj: Obj, old: Obj | None, cause: Cause) -> None:
            meta = obj["metadata"]
            if type_ == "DELETED":
                known.pop(meta["uid"], None)
                self._deleted(obj, cause)
                return
            if type_ == "ADDED":
                known[meta["uid"]] = (name, key_of(obj))
            references = meta.get("ownerReferences")
            if old is not None and old["metadata"].get("ownerReferences") != references:
                self._unblock(sorted(_blocked(old) - _blocked(obj)), cause)
            if "deletionTimestamp" in meta:
                if meta.get("finalizers"):
                    self.queue.add(f"{name}|{key_of(obj)}", cause)
            elif references and (old is None or old["metadata"].get("ownerReferences") != references):
                if any(reference["uid"] not in known for reference in references):
                    self.queue.add(f"{name}|{key_of(obj)}", cause)

        return on_event

    def _deleted(self, obj: Obj, cause: Cause) -> None:
        """Its dependents have lost an owner; its owners may have waited for it."""
        for name, dependent in self.dependents(obj):
            self.queue.add(f"{name}|{key_of(dependent)}", cause)
        self._unblock(_owner_uids(obj), cause)

    def _unblock(self, uids: Iterable[str], cause: Cause) -> None:
        """These owners wait for one dependent less. Follows addUnblockedOwnersToDeleteQueue."""
        for uid in uids:
            owner = self.known.get(uid)
            if owner is not None and (found := self.informers[owner[0]].get(owner[1])) is not None and deleting(found):
                self.queue.add(f"{owner[0]}|{owner[1]}", cause)

    def dependents(self, owner: Obj) -> list[tuple[str, Obj]]:
        """(resource, object) of all that names `owner` among its owners."""
        uid = owner["metadata"]["uid"]
        return [(name, obj) for name, informer in self.informers.items() for obj in informer.by_index(BY_OWNER, uid)]

    def sync(self, key: str) -> None:
        name, _, object_key = key.partition("|")
        obj = self.informers[name].get(object_key)
        if obj is None:
            return
        if deleting(obj):
            if ORPHAN in _finalizers(obj):
                self._orphan_dependents(name, obj)
            elif _deletes_dependents(obj):
                self._delete_dependents(name, obj)
            return
        self._attempt_to_delete(name, obj)

    def _owner(self, reference: Obj) -> Obj | None:
        found = self.known.get(reference["uid"])
        return self.informers[found[0]].get(found[1]) if found is not None else None

    def _is_dangling(self, reference: Obj) -> bool:
        """Whether the owner is gone; an owner of a kind that we do not know may exist somewhere."""
        if reference["uid"] in self.known:
            return False
        return self.scheme.for_kind(reference["apiVersion"], reference["kind"]) is not None

    def _attempt_to_delete(self, name: str, obj: Obj) -> None:
        """Deletes an object whose owners are all gone. Follows attemptToDeleteItem."""
        references = obj["metadata"].get("ownerReferences") or []
        solid, gone, waiting = [], [], []
        for reference in references:
            owner = self._owner(reference)
            if owner is not None and _deletes_dependents(owner):
                waiting.append(reference)
            elif owner is None and self._is_dangling(reference):
                gone.append(reference)
            else:
                solid.append(reference)
        if not gone and not waiting:
            return
        if solid:
            self.trace.note(f"{key_of(obj)} still has an owner: the references to those that are gone are removed")
            self._write(name, obj, ownerReferences=solid)
            return
        policy: Propagation = "Background"
        dependents = self.dependents(obj) if waiting else []
        if dependents:
            policy = "Foreground"
            if any(_deletes_dependents(dependent) for _, dependent in dependents):
                self.trace.note(f"{key_of(obj)} is part of a circle of owners: it blocks none of them any more")
                unblocked = [{**reference, "blockOwnerDeletion": False} for reference in references]
                self._write(name, obj, ownerReferences=unblocked)
        elif ORPHAN in _finalizers(obj):
            policy = "Orphan"
        elif FOREGROUND in _finalizers(obj):
            policy = "Foreground"
        lost = references[0]
        why = "waits for its dependents" if waiting else "is gone"
        self.trace.note(f"{key_of(obj)}: its owner {lost['kind']} {lost['name']} {why}, so it is deleted")
        self._delete(name, obj, policy)

    def _delete_dependents(self, name: str, owner: Obj) -> None:
        """Foreground deletion: the owner goes when no dependent blocks it. Follows processDeletingDependentsItem."""
        uid = owner["metadata"]["uid"]
        dependents = self.dependents(owner)
        blocking = [
            obj
            for _, obj in dependents
            if any(r["uid"] == uid and r.get("blockOwnerDeletion") for r in obj["metadata"]["ownerReferences"])
        ]
        if not blocking:
            self.trace.note(f"{key_of(owner)}: no dependent is left that blocks its deletion")
            self._remove_finalizer(name, owner, FOREGROUND)
            return
        self.trace.note(f"{key_of(owner)} waits for {len(blocking)} dependents")
        for dependent_name, obj in dependents:
            if not deleting(obj):
                self.queue.add(
                    f"{dependent_name}|{key_of(obj)}", Cause("revision", owner["metadata"]["resourceVersion"])
                )

    def _orphan_dependents(self, name: str, owner: Obj) -> None:
        """Leaves the dependents alone and lets the owner go. Follows orphanDependents."""
        uid = owner["metadata"]["uid"]
        dependents = self.dependents(owner)
        for dependent_name, obj in dependents:
            kept = [r for r in obj["metadata"]["ownerReferences"] if r["uid"] != uid]
            self._write(dependent_name, obj, ownerReferences=kept)
        if dependents:
            self.trace.note(f"{key_of(owner)}: {len(dependents)} dependents are left without it")
        self._remove_finalizer(name, owner, ORPHAN)

    def _remove_finalizer(self, name: str, obj: Obj, finalizer: str) -> None:
        self._write(name, obj, finalizers=[f for f in _finalizers(obj) if f != finalizer])

    def _write(self, name: str, obj: Obj, **fields: list[Obj] | list[str]) -> None:
        meta = {field: value for field, value in obj["metadata"].items() if field not in fields}
        meta.update({field: value for field, value in fields.items() if value})
        try:
            self.client.update(name, {**obj, "metadata": meta})
        except ApiError as error:
            if error.reason != "NotFound":
                raise

    def _delete(self, name: str, obj: Obj, policy: Propagation) -> None:
        namespace, object_name = split_key(key_of(obj))
        try:
            self.client.delete(
                name,
                object_name,
                namespace,
                propagation_policy=policy,
                uid=obj["metadata"]["uid"],
            )
        except ApiError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise
