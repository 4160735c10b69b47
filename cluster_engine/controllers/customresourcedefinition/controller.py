"""Accepts the names of CustomResourceDefinitions, says that they are served, and empties those that are deleted.

Follows k8s.io/apiextensions-apiserver/pkg/controller/{status/naming_controller,establish/establishing_controller,
finalizer/crd_finalizer}.go, which run in the API server.
"""

from __future__ import annotations

from cluster_engine.apimachinery.conditions import set_condition
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.gotext import quote
from cluster_engine.apimachinery.meta import Obj, condition_is, deleting, get_condition, name_of
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.trace import Cause

RESOURCE = "customresourcedefinitions.apiextensions.k8s.io"
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
CHECK_AGAIN_SECONDS = 5.0
_NAMES = ("plural", "singular", "shortNames", "kind", "listKind")


class CustomResourceDefinitionController(Controller):
    """One key is one definition."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("customresourcedefinition-controller", context)
        self.definitions = self.enqueue_on(RESOURCE)
        self.definitions.add_handler(self._on_definition)

    def _on_definition(self, type_: EventType, crd: Obj, old: Obj | None, cause: Cause) -> None:
        """Names that have become free, or are taken, concern the other definitions of the group."""
        before = _accepted(old) if old is not None and type_ != "DELETED" else {}
        if type_ == "DELETED" or before != _accepted(crd):
            for other in self.definitions:
                if other["spec"]["group"] == crd["spec"]["group"] and name_of(other) != name_of(crd):
                    self.queue.add(name_of(other), cause)

    def sync(self, key: str) -> None:
        crd = self.definitions.get(key)
        if crd is None:
            return
        if deleting(crd):
            if FINALIZER in (crd["metadata"].get("finalizers") or ()):
                self._empty(key, crd)
            return
        if self._accept_names(key, crd):
            return
        if condition_is(crd, "NamesAccepted") and not condition_is(crd, "Established"):
            self.trace.note(f"{key} is served from now on")
            reason, message = "InitialNamesAccepted", "the initial names have been accepted"
            self._update(crd, _condition("Established", "True", reason, message))

    def _accept_names(self, key: str, crd: Obj) -> bool:
        """Whether the accepted names had to be brought into line with those that the definition asks for."""
        wanted, accepted = crd["spec"]["names"], _accepted(crd)
        if wanted == accepted:
            return False
        names, verdict = self._verdict(crd)
        if names == accepted and _equivalent(verdict, get_condition(_conditions(crd), "NamesAccepted")):
            return False
        established = get_condition(_conditions(crd), "Established")
        if established is None or established["status"] != "True":
            reason, message = ("NotAccepted", "not all names are accepted")
            if verdict["status"] == "True":
                reason, message = "Installing", "the initial names have been accepted"
            established = _condition("Established", "False", reason, message)
        self.trace.note(f"{key}: {verdict['message']}")
        self._update(crd, verdict, established, names=names)
        return True

    def _verdict(self, crd: Obj) -> tuple[Obj, Obj]:
        """(the names that it has from now on, the condition NamesAccepted). Follows calculateNamesAndConditions."""
        wanted, accepted = crd["spec"]["names"], _accepted(crd)
        resources, kinds = self._taken(crd["spec"]["group"])
        names = dict(accepted)
        verdict = _condition("NamesAccepted", "True", "NoConflicts", "no conflicts found")
        # Of several conflicts the last one is told.
        for field in _NAMES:
            taken = kinds if field in ("kind", "listKind") else resources
            clashes = _clashes(wanted.get(field), accepted.get(field), taken)
            if clashes:
                reason = f"{field[0].upper()}{field[1:]}Conflict"
                words = clashes[0] if len(clashes) == 1 else f"[{', '.join(clashes)}]"
                verdict = _condition("NamesAccepted", "False", reason, words)
            else:
                names = _with(names, field, wanted.get(field))
        return _with(names, "categories", wanted.get("categories")), verdict

    def _taken(self, group: str) -> tuple[set[str], set[str]]:
        """(names of resources, names of kinds) that the group's definitions have."""
        resources: set[str] = set()
        kinds: set[str] = set()
        for other in self.definitions:
            if other["spec"]["group"] == group:
                accepted = _accepted(other)
                resources |= {accepted.get("plural", ""), accepted.get("singular", "")}
                resources |= set(accepted.get("shortNames") or ())
                kinds |= {accepted.get("kind", ""), accepted.get("listKind", "")}
        return resources - {""}, kinds - {""}

    def _empty(self, key: str, crd: Obj) -> None:
        """Deletes all objects of the kind, and lets the definition go when none is left."""
        if not condition_is(crd, "Established"):
            verdict = _condition("Terminating", "False", "NeverEstablished", "resource was never established")
            self._release(key, crd, verdict)
            return
        words = "CustomResource deletion is in progress"
        crd = self._update(crd, _condition("Terminating", "True", "InstanceDeletionInProgress", words))
        resource = f"{_accepted(crd)['plural']}.{crd['spec']['group']}"
        failures = self._delete_objects(resource)
        if failures:
            words = f"could not issue all deletes: {', '.join(failures)}"
            self._update(crd, _condition("Terminating", "True", "InstanceDeletionFailed", words))
            self.queue.add_rate_limited(key)
        elif left := len(self.client.list(resource).items):
            self.trace.note(f"{resource}: {left} objects are still there")
            self.queue.add_after(key, CHECK_AGAIN_SECONDS)
        else:
            words = "removed all instances"
            self._release(key, crd, _condition("Terminating", "False", "InstanceDeletionCompleted", words))

    def _delete_objects(self, resource: str) -> list[str]:
        present = self.client.list(resource).items
        failures = []
        for namespace in dict.fromkeys(obj["metadata"].get("namespace", "") for obj in present if not deleting(obj)):
            try:
                self.client.request("deletecollection", resource, namespace)
            except ApiError as error:
                failures.append(error.message)
        return failures

    def _release(self, key: str, crd: Obj, verdict: Obj) -> None:
        self.trace.note(f"{key}: {verdict['message']}")
        kept = [name for name in crd["metadata"]["finalizers"] if name != FINALIZER]
        self._update({**crd, "metadata": {**crd["metadata"], "finalizers": kept}}, verdict)

    def _update(self, crd: Obj, *conditions: Obj, names: Obj | None = None) -> Obj:
        """The definition with its status written; the one that came in where nothing changes."""
        status = dict(crd.get("status") or {})
        listed = status.get("conditions")
        for condition in conditions:
            listed = set_condition(listed, condition, self.clock.rfc3339())
        status["conditions"] = listed
        if names is not None:
            status["acceptedNames"] = names
        changed = {**crd, "status": status}
        return crd if changed == self.definitions.get(name_of(crd)) else self.client.update_status(RESOURCE, changed)


def _accepted(crd: Obj) -> Obj:
    found: Obj = (crd.get("status") or {}).get("acceptedNames") or {}
    return found


def _conditions(crd: Obj) -> list[Obj]:
    return (crd.get("status") or {}).get("conditions") or []


def _condition(type_: str, status: str, reason: str, message: str) -> Obj:
    return {"type": type_, "status": status, "reason": reason, "message": message}


def _equivalent(new: Obj, old: Obj | None) -> bool:
    return old is not None and all(old.get(field) == value for field, value in new.items())


def _clashes(wanted: str | list[str] | None, accepted: str | list[str] | None, taken: set[str]) -> list[str]:
    """What is wrong with names that others have, and this definition has not."""
    asked = [wanted] if isinstance(wanted, str) else wanted or []
    own = [accepted] if isinstance(accepted, str) else accepted or []
    return [f"{quote(name)} is already in use" for name in asked if name not in own and name in taken]


def _with(names: Obj, field: str, value: str | list[str] | None) -> Obj:
    kept = {name: said for name, said in names.items() if name != field}
    return {**kept, field: value} if value else kept
