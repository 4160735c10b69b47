"""What a step asks of the cluster, declared in `lesson.yaml`, and the sentence that says what is still missing.

A step has a list of checks, and each check is one of these forms:

```yaml
- object: deployments.apps/nginx-deployment     # one object: it exists,
  fields: {spec.replicas: 3}                    # its fields have these values (see `fieldpath`),
  is: rolled-out                                # and it is in this condition
- object: pods/web-0
  newer_than: web-1                             # it was created after another one of its kind
- objects: pods                                 # several: there are so many of them,
  selector: app=nginx
  count: 3
  each: {"spec.containers[0].image": "nginx:1.9.1"}   # and each has these values
  is: ready                                           # and is in this condition
- absent: statefulsets.apps/web                 # one object that must not be there
```

What happened on the way is asked for with `during` (see `during.py`).

A value is compared as it stands, or is a mapping with one of `at_least`, `at_most`, `not`, `one_of`, `contains`,
`starts_with`, `set`. Everything is in the namespace `default` unless `namespace` says otherwise. A count is such a
value too.

Checks see API objects alone, read through the client that they are given, and know nothing of how they came to be:
whatever way leads to the goal is accepted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from playground.curriculum import conditions
from playground.curriculum.fieldpath import resolve
from playground.curriculum.reading import Reader

SHOWN_NAMES = 3
SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class Expected:
    """What a value must be."""

    operator: str
    value: Any

    def accepts(self, actual: Any) -> bool:
        """Say whether an actual value is what is expected."""
        return OPERATORS[self.operator](actual, self.value)

    def __str__(self) -> str:
        """Return the words of the expectation."""
        if self.operator == "one_of":
            return _(" or ").join(shown(value) for value in self.value)
        phrase = {
            "at_least": _("at least %(value)s"),
            "at_most": _("at most %(value)s"),
            "not": _("anything but %(value)s"),
            "contains": _("a text with “%(value)s”"),
            "starts_with": _("%(value)s…"),
            "set": _("any value") if self.value else _("no value"),
        }.get(self.operator, "%(value)s")
        return phrase % {"value": shown(self.value)}


def shown(value: Any) -> str:
    """Return a value as it stands in YAML, cut where it is long."""
    text = str(value).lower() if value is None or isinstance(value, bool) else str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def _number(value: Any) -> float:
    """Return a number, also of one that is written as text, as in annotations."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")  # compares false with everything


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda actual, value: bool(actual == value),
    "not": lambda actual, value: actual is not None and bool(actual != value),
    "at_least": lambda actual, value: _number(actual) >= value,
    "at_most": lambda actual, value: _number(actual) <= value,
    "one_of": lambda actual, value: actual in value,
    "contains": lambda actual, value: isinstance(actual, str) and value in actual,
    "starts_with": lambda actual, value: isinstance(actual, str) and actual.startswith(value),
    "set": lambda actual, value: (actual is not None) == value,
}


@dataclass(frozen=True)
class Lack:
    """What is missing of a check: the sentence, and, where it is a matter of one object, which one and which field.

    `obj` is that object as it is, None where it is not there; `expected` is what the field at `path` should be.
    """

    sentence: str
    resource: str = ""
    name: str = ""
    namespace: str = ""
    obj: Obj | None = None
    path: str = ""
    expected: Expected | None = None


class Check(Protocol):
    """One check."""

    def missing(self, reader: Reader) -> str | None:
        """Return None when it is fulfilled, else a sentence about what is missing."""
        ...

    def lacking(self, reader: Reader) -> Lack | None:
        """Return the same, with where it is missing."""
        ...


class Sentenced:
    """Says what `lacking` finds."""

    def lacking(self, reader: Reader) -> Lack | None:
        """Return what is missing, None when nothing is."""
        raise NotImplementedError

    def missing(self, reader: Reader) -> str | None:
        """Return what is missing as a sentence, None when nothing is."""
        lack = self.lacking(reader)
        return lack.sentence if lack else None


@dataclass(frozen=True)
class ObjectCheck(Sentenced):
    """One object exists, has some values, and is in a condition."""

    resource: str
    name: str
    namespace: str = "default"
    fields: Mapping[str, Expected] = field(default_factory=dict)
    condition: str = ""
    newer_than: str = ""

    def lacking(self, reader: Reader) -> Lack | None:
        """Return what is missing of the object."""
        obj = find(reader, self.resource, self.name, self.namespace)
        what = titled(self.resource, self.name)
        if obj is None:
            sentence = _("There is no %(object)s yet.") % {"object": what}
            return Lack(sentence, self.resource, self.name, self.namespace)
        for path, expected in self.fields.items():
            actual = resolve(obj, path)
            if not expected.accepts(actual):
                sentence = _differs(what, path, expected, actual)
                return Lack(sentence, self.resource, self.name, self.namespace, obj, path, expected)
        if self.newer_than and (older := self._older(obj, reader)):
            return Lack(older)
        if self.condition and (unmet := conditions.CONDITIONS[self.condition].missing(obj, what)):
            return Lack(unmet)
        return None

    def _older(self, obj: Obj, reader: Reader) -> str:
        """Return that the object is older than the other one, "" when it is not. RFC 3339 in UTC compares as text."""
        other = find(reader, self.resource, self.newer_than, self.namespace)
        values = {"object": titled(self.resource, self.name), "other": self.newer_than}
        if other is None:
            return _("There is no %(object)s yet.") % {"object": titled(self.resource, self.newer_than)}
        if obj["metadata"]["creationTimestamp"] > other["metadata"]["creationTimestamp"]:
            return ""
        return _("%(object)s is still the first of that name: it is older than %(other)s.") % values


@dataclass(frozen=True)
class AbsentCheck(Sentenced):
    """One object is not there."""

    resource: str
    name: str
    namespace: str = "default"

    def lacking(self, reader: Reader) -> Lack | None:
        """Return that the object is there."""
        obj = find(reader, self.resource, self.name, self.namespace)
        if obj is None:
            return None
        if obj["metadata"].get("deletionTimestamp"):
            return Lack(_("%(object)s is being deleted.") % {"object": titled(self.resource, self.name)})
        return Lack(_("%(object)s is still there.") % {"object": titled(self.resource, self.name)})


@dataclass(frozen=True)
class ObjectsCheck(Sentenced):
    """There are so many objects of a kind, and each has some values and is in a condition."""

    resource: str
    count: Expected
    namespace: str = "default"
    selector: str = ""
    having: Mapping[str, Expected] = field(default_factory=dict)
    each: Mapping[str, Expected] = field(default_factory=dict)
    condition: str = ""

    def lacking(self, reader: Reader) -> Lack | None:
        """Return what is missing of the objects: which of them is not as it should be, or how many there are."""
        listed = reader.list(self.resource, self.namespace, label_selector=self.selector).items
        found = [obj for obj in listed if all(e.accepts(resolve(obj, path)) for path, e in self.having.items())]
        for path, expected in self.each.items():
            others = [obj for obj in found if not expected.accepts(resolve(obj, path))]
            if others:
                wrong = [_value_clause(obj["metadata"]["name"], path, resolve(obj, path)) for obj in others]
                sentence = self._some_differ(found, wrong, _value_goal(path, expected))
                first = others[0]["metadata"]
                namespace = first.get("namespace", "")
                return Lack(sentence, self.resource, first["name"], namespace, others[0], path, expected)
        if self.condition:
            condition = conditions.CONDITIONS[self.condition]
            wrong = [clause for obj in found if (clause := condition.clause(obj, obj["metadata"]["name"]))]
            if wrong:
                return Lack(self._some_differ(found, wrong, str(condition.goal)))
        if not self.count.accepts(len(found)):
            return Lack(self._other_count(found))
        return None

    def _some_differ(self, found: Sequence[Obj], wrong: Sequence[str], goal: str) -> str:
        """Return "2 of 3 pods run nginx:1.9.1; web-2 still runs nginx:1.7.9", naming a few of those that differ."""
        wanted = self.count.value if self.count.operator == "is" else len(found)
        clauses = list(wrong[:SHOWN_NAMES])
        if more := len(wrong) - len(clauses):
            clauses.append(ngettext("%(n)s more", "%(n)s more", more) % {"n": more})
        return _("%(good)s of %(total)s %(kind)s %(goal)s; %(faults)s.") % {
            "good": len(found) - len(wrong),
            "total": max(wanted, len(found)),
            "kind": plural(self.resource),
            "goal": goal,
            "faults": _(", ").join(clauses),
        }

    def _other_count(self, found: Sequence[Obj]) -> str:
        values = {"n": len(found), "kind": plural(self.resource), "expected": str(self.count)}
        if not found:
            return _("There are no %(kind)s of this step yet; it asks for %(expected)s.") % values
        return ngettext(
            "There is %(n)s of the %(kind)s; the step asks for %(expected)s.",
            "There are %(n)s of the %(kind)s; the step asks for %(expected)s.",
            len(found),
        ) % values


def find(reader: Reader, resource: str, name: str, namespace: str) -> Obj | None:
    """Return an object, or None when there is none."""
    try:
        return reader.get(resource, name, namespace)
    except ApiError as error:
        if error.code == 404:
            return None
        raise


def _differs(what: str, path: str, expected: Expected, actual: Any) -> str:
    return _("%(clause)s; the step asks for %(expected)s.") % {
        "clause": _value_clause(what, path, actual),
        "expected": expected,
    }


def _value_goal(path: str, expected: Expected) -> str:
    """Return what is wanted of several objects: "run nginx:1.9.1"."""
    if path.endswith("image"):
        return _("run %(expected)s") % {"expected": expected}
    return _("have %(path)s %(expected)s") % {"path": path, "expected": expected}


def _value_clause(what: str, path: str, actual: Any) -> str:
    """Return what is there instead: "web-2 still runs nginx:1.7.9", in words that fit the field."""
    values = {"what": what, "actual": shown(actual), "path": path}
    if actual is None:
        return _("%(what)s has no %(path)s") % values
    if path.endswith("image"):
        return _("%(what)s still runs %(actual)s") % values
    if path == "spec.replicas":
        return ngettext("%(what)s wants %(actual)s pod", "%(what)s wants %(actual)s pods", int(actual)) % values
    return _("%(what)s has %(path)s %(actual)s") % values


# These have no namespace.
CLUSTER_SCOPED = frozenset({"nodes", "namespaces", "persistentvolumes", "faults.podarium.dev"})
# Kubernetes' own names; they are the same in every language.
KINDS = {
    "pods": "Pod",
    "services": "Service",
    "nodes": "Node",
    "events": "Event",
    "namespaces": "Namespace",
    "secrets": "Secret",
    "faults.podarium.dev": "Fault",
    "endpoints": "Endpoints",
    "configmaps": "ConfigMap",
    "deployments.apps": "Deployment",
    "replicasets.apps": "ReplicaSet",
    "statefulsets.apps": "StatefulSet",
    "persistentvolumeclaims": "PersistentVolumeClaim",
}


def titled(resource: str, name: str) -> str:
    """Return "Deployment nginx-deployment"."""
    return f"{KINDS.get(resource, resource)} {name}"


def plural(resource: str) -> str:
    """Return the word for several objects of a kind."""
    if resource == "pods":
        return _("pods")
    kind = KINDS.get(resource, resource)
    return _("%(kind)s objects") % {"kind": kind}


def first_lack(checks: Sequence[Check], reader: Reader) -> Lack | None:
    """Return what is missing of the first check that is not fulfilled; None when all are."""
    return next((lack for check in checks if (lack := check.lacking(reader)) is not None), None)


def first_missing(checks: Sequence[Check], reader: Reader) -> str | None:
    """Return the sentence of the first check that is not fulfilled; None when all are."""
    lack = first_lack(checks, reader)
    return lack.sentence if lack else None
