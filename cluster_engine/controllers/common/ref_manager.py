"""Adoption and release: a controller takes matching orphans under its wing, and lets go of what no longer matches.

Follows pkg/controller/controller_ref_manager.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cluster_engine.apimachinery.errors import ApiError, conflict
from cluster_engine.apimachinery.labels import Selector
from cluster_engine.apimachinery.meta import Obj, controller_of, deleting, labels_of, owner_reference
from cluster_engine.client.client import Client
from cluster_engine.trace import Trace


class ControllerRefManager:
    """Claims objects of one resource ("pods", "replicasets.apps") for one owner. Good for one sync."""

    def __init__(
        self,
        client: Client,
        trace: Trace,
        resource: str,
        owner: Obj,
        owner_resource: str,
        selector: Selector,
        finalizers: Sequence[str] = (),
    ) -> None:
        """`finalizers` are given to what is adopted."""
        self._client = client
        self._trace = trace
        self._resource = resource
        self._owner = owner
        self._owner_resource = owner_resource
        self._selector = selector
        self._finalizers = finalizers
        self._may_adopt = False

    def claim(self, objects: Iterable[Obj], also: Callable[[Obj], bool] | None = None) -> list[Obj]:
        """The objects that are the owner's, after adoption of orphans and release of those that do not match.

        `also` is a further test that an object has to pass. Raises `ApiError` after all have been tried; an object that
        is gone by then is no fault.
        """
        claimed, first_error = [], None
        for obj in objects:
            try:
                if self._claim_one(obj, also):
                    claimed.append(obj)
            except ApiError as error:
                first_error = first_error or error
        if first_error is not None:
            raise first_error
        return claimed

    def _claim_one(self, obj: Obj, also: Callable[[Obj], bool] | None) -> bool:
        reference = controller_of(obj)
        matches = self._selector.matches(labels_of(obj)) and (also is None or also(obj))
        if reference is not None:
            if reference.get("uid") != self._owner["metadata"]["uid"]:
                return False
            if not matches and not deleting(self._owner):
                self._release(obj)
            return matches
        if deleting(self._owner) or not matches or deleting(obj):
            return False
        return self._adopt(obj)

    def _adopt(self, obj: Obj) -> bool:
        self._check_may_adopt()
        meta = obj["metadata"]
        changes: Obj = {"ownerReferences": [owner_reference(self._owner)], "uid": meta["uid"]}
        if self._finalizers:
            changes["finalizers"] = list(self._finalizers)
        patch = {"metadata": changes}
        try:
            self._client.patch(self._resource, meta["name"], patch, meta["namespace"])
        except ApiError as error:
            if error.code == 404:
                return False
            raise
        self._trace.note(f"adopts {meta['name']}: its labels match and it had no controller")
        return True

    def _release(self, obj: Obj) -> None:
        meta = obj["metadata"]
        owner_uid = self._owner["metadata"]["uid"]
        patch = {"metadata": {"uid": meta["uid"], "ownerReferences": [{"$patch": "delete", "uid": owner_uid}]}}
        try:
            self._client.patch(self._resource, meta["name"], patch, meta["namespace"])
        except ApiError as error:
            # Invalid means that it has no owner or another one by now, or that it is a new object of the same name.
            if error.code not in (404, 422):
                raise
        self._trace.note(f"releases {meta['name']}: its labels no longer match")

    def _check_may_adopt(self) -> None:
        """Adoption asks the server itself, once a sync, whether the owner still lives: the cache may be behind."""
        if self._may_adopt:
            return
        meta = self._owner["metadata"]
        fresh = self._client.get(self._owner_resource, meta["name"], meta["namespace"])
        if fresh["metadata"]["uid"] != meta["uid"] or deleting(fresh):
            plural, _, group = self._owner_resource.partition(".")
            raise conflict(plural, group, meta["name"], "it is gone or has just been deleted, and can adopt nothing")
        self._may_adopt = True
