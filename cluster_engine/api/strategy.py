"""What the API server asks of a kind. Follows k8s.io/apiserver/pkg/registry/rest: create, update, delete strategies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from cluster_engine.apimachinery.errors import FieldError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.schema.decode import FieldValidation, decode
from cluster_engine.schema.patching import PatchType, patch_object
from cluster_engine.schema.typed import Node, node_of


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the server's table. `priority` 0 is always shown, 1 with `-o wide`."""

    name: str
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""


NAME = Column("Name", format="name")
AGE = Column("Age")


class Strategy:
    """The rules of one kind. Every method is pure: it returns a new object or the one it got, and never changes it.

    Objects share their parts with other objects, so a strategy that wants to set one field copies the path to it only.
    """

    resource: ClassVar[Resource]
    columns: ClassVar[tuple[Column, ...]] = (NAME, AGE)
    # Whether metadata.generation counts the changes of the spec (workloads do, ConfigMaps do not).
    tracks_generation: ClassVar[bool] = False
    # Whether an update may come without a resourceVersion.
    allow_unconditional_update: ClassVar[bool] = True
    # Whether an update of an object that does not exist creates it.
    allow_create_on_update: ClassVar[bool] = False
    # Which kind of name the object may have: see apimachinery/names.py.
    name_rule: ClassVar[str] = "dns_subdomain"
    # Whether finalizers have to be Kubernetes' own or have a domain; elsewhere any name will do.
    checks_finalizers: ClassVar[bool] = True
    # Whether readers see another form of an object than the stored one.
    converts: ClassVar[bool] = False
    # What happens to dependents when a delete does not say: background, or orphan for old kinds.
    default_propagation: ClassVar[str] = "Background"

    # Reading what people send, by the kind's schema.
    def decode(
        self, body: Any, field_validation: FieldValidation, duplicates: Sequence[str] = ()
    ) -> tuple[Obj, list[str]]:
        """(the object in a body, warnings). Raises `ApiError` where it is none of this kind."""
        return decode(body, self.resource, field_validation, duplicates=duplicates)

    def patch(
        self, current: Obj, body: Any, patch_type: PatchType, field_validation: FieldValidation
    ) -> tuple[Obj, list[str]]:
        """(the patched object, warnings). Raises `ApiError` where the patch, or what it makes, cannot be."""
        return patch_object(current, body, patch_type, self.resource, field_validation)

    def node(self) -> Node:
        """How an object of the kind is divided into fields that have owners."""
        return node_of(self.resource.api_version, self.resource.kind)

    def default(self, obj: Obj) -> Obj:
        """Fills in what a person may leave out (pkg/apis/<group>/v1/defaults.go)."""
        return obj

    def prepare_for_create(self, obj: Obj) -> Obj:
        """Clears what a creator may not set (usually the status) and sets initial values."""
        return obj

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        """Keeps what an update of the main resource may not change: the status stays as it was."""
        return with_status_of(new, old)

    def changes_generation(self, new: Obj, old: Obj) -> bool:
        """Whether a change counts in metadata.generation: what the spec says, not what the status says."""
        return bool(new.get("spec") != old.get("spec"))

    def prepare_for_status_update(self, new: Obj, old: Obj) -> Obj:
        """Keeps everything but the status (metadata has been dealt with by the API server)."""
        return {**old, "metadata": new["metadata"], "status": new.get("status", {})}

    def prepare_for_delete(self, obj: Obj, now: str) -> Obj:
        """What the first delete of an object changes beside its metadata's deletion time; `now` is RFC 3339."""
        return obj

    def validate(self, obj: Obj) -> list[FieldError]:
        """The faults of a whole object, in Kubernetes' order. Metadata is checked elsewhere."""
        return []

    def validate_update(self, new: Obj, old: Obj) -> list[FieldError]:
        """The faults of a change beside those of the whole object: immutable fields."""
        return []

    def validate_status_update(self, new: Obj, old: Obj) -> list[FieldError]:
        return []

    def warnings(self, obj: Obj) -> list[str]:
        """Warnings that a client shows to the person (deprecated fields and the like)."""
        return []

    def grace_period_seconds(self, obj: Obj, asked: int | None) -> int | None:
        """Seconds of graceful deletion, or None where the kind has none. Pods have one."""
        return None

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        """One table row, a value a column; `now_us` is virtual microseconds, for ages."""
        from cluster_engine.apimachinery.times import age

        return [obj["metadata"]["name"], age(obj["metadata"].get("creationTimestamp"), now_us)]

    def row_conditions(self, obj: Obj) -> list[Obj]:
        """Conditions of a table row (a completed pod has one)."""
        return []

    def fields(self, obj: Obj) -> dict[str, str]:
        """What field selectors may ask for beside metadata.name and metadata.namespace, of an object as stored."""
        return {}

    # Other versions: how an object of this version looks as the stored one, and back.
    def to_storage(self, obj: Obj) -> Obj:
        """The object in the form in which it is stored; another form only for a view (see api/versions.py)."""
        return obj

    def from_storage(self, obj: Obj) -> Obj:
        """A stored object in this version."""
        return obj

    def published_schema(self, prefix: str, *, v2: bool) -> tuple[str, Obj] | None:
        """(type name, OpenAPI schema) of a kind without a type of its own; `prefix` is that of references."""
        return None

    # Scale: which fields of the kind the `scale` subresource reads and writes.
    def scale(self, obj: Obj) -> Obj:
        """The autoscaling/v1 Scale of an object of a kind that has the subresource."""
        from cluster_engine.apimachinery.labels import selector_text

        meta = obj["metadata"]
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        kept = {
            field: meta[field]
            for field in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
            if field in meta
        }
        return {
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": kept,
            "spec": {"replicas": spec["replicas"]} if spec.get("replicas") else {},
            "status": {"replicas": status.get("replicas", 0), "selector": selector_text(spec.get("selector"))},
        }

    def with_replicas(self, obj: Obj, replicas: int) -> Obj:
        """The object with another number of replicas, as a written Scale asks for."""
        return {**obj, "spec": {**(obj.get("spec") or {}), "replicas": replicas}}


def with_status_of(new: Obj, old: Obj) -> Obj:
    """`new` with the status of `old`, or without one where `old` has none."""
    if "status" in old:
        return new if new.get("status") is old["status"] else {**new, "status": old["status"]}
    return without(new, "status")


def without(obj: Obj, *fields: str) -> Obj:
    """A copy without those fields; the same object when it has none of them."""
    if not any(field in obj for field in fields):
        return obj
    return {key: value for key, value in obj.items() if key not in fields}
