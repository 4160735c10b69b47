"""Roles and their bindings, of a namespace and of the cluster. Follows the describers of these names."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import policy_rules
from cluster_engine.kubectl.describe.writer import Writer
from cluster_engine.kubectl.factory import Factory


def role(factory: Factory, obj: Obj, writer: Writer) -> None:
    writer.head(obj, namespaced=False)
    writer.line(0, "PolicyRule:")
    writer.table(1, policy_rules.HEADERS, policy_rules.rows(obj.get("rules") or ()))


def binding(factory: Factory, obj: Obj, writer: Writer) -> None:
    writer.head(obj, namespaced=False)
    reference = obj.get("roleRef") or {}
    writer.line(0, "Role:")
    writer.field("Kind", reference.get("kind", ""), 1)
    writer.field("Name", reference.get("name", ""), 1)
    writer.line(0, "Subjects:")
    rows = ((one.get("kind", ""), one.get("name", ""), one.get("namespace", "")) for one in obj.get("subjects") or ())
    writer.table(1, ("Kind", "Name", "Namespace"), rows)
