"""Namespaces. Follows describeNamespace."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl.describe import policy
from cluster_engine.kubectl.describe.writer import Writer, rfc1123
from cluster_engine.kubectl.factory import Factory


def describe(factory: Factory, obj: Obj, writer: Writer) -> None:
    name, status = obj["metadata"]["name"], obj.get("status") or {}
    writer.head(obj, namespaced=False)
    writer.field("Status", status.get("phase", ""))
    if status.get("conditions"):
        writer.line(0, "Conditions:")
        writer.line(1, "Type", "Status", "LastTransitionTime", "Reason", "Message")
        writer.line(1, "----", "------", "------------------", "------", "-------")
        for c in status["conditions"]:
            writer.line(
                1,
                c["type"],
                c["status"],
                rfc1123(c.get("lastTransitionTime")),
                c.get("reason", ""),
                c.get("message", ""),
            )
    if factory.mapper.get("resourcequotas") is not None:
        writer.line(0)
        _quotas(factory.list("resourcequotas", name), writer)
    if factory.mapper.get("limitranges") is not None:
        writer.line(0)
        _limits(factory.list("limitranges", name), writer)


def _quotas(quotas: list[Obj], writer: Writer) -> None:
    if not quotas:
        writer.line(0, "No resource quota.")
        return
    writer.line(0, "Resource Quotas")
    for quota in sorted(quotas, key=lambda one: one["metadata"]["name"]):
        status = quota.get("status") or {}
        writer.line(1, "Name:", quota["metadata"]["name"])
        policy.scopes(quota, writer, 1, "* ")
        hard, used = status.get("hard") or {}, status.get("used") or {}
        writer.line(1, "Resource", "Used", "Hard")
        writer.line(1, "--------", "---", "---")
        for resource in sorted(hard):
            writer.line(1, resource, used.get(resource, "0"), hard[resource])


def _limits(ranges: list[Obj], writer: Writer) -> None:
    if not ranges:
        writer.line(0, "No LimitRange resource.")
        return
    writer.line(0, "Resource Limits")
    writer.line(0, f" {policy.LIMIT_HEADERS[0]}", *policy.LIMIT_HEADERS[1:])
    writer.line(0, " ----", "--------", "---", "---", "---------------", "-------------", "-----------------------")
    for one in ranges:
        policy.limits(one, writer, " ")
