"""`kubectl auth whoami`. Follows whoami.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubectl import common_flags as common
from cluster_engine.kubectl.command import Command, Invocation
from cluster_engine.kubectl.describe.writer import go_list
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.printers.go_typed import typed
from cluster_engine.kubectl.printers.output import format_of, object_printer
from cluster_engine.kubectl.printers.tabwriter import TableWriter
from cluster_engine.kubectl.process import Process


def run(call: Invocation) -> Process:
    factory = call.factory
    resource = factory.mapper.get("selfsubjectreviews.authentication.k8s.io")
    if resource is None:
        raise CommandError("the selfsubjectreviews API is not enabled in the cluster\n"
                           "enable APISelfSubjectReview feature gate and authentication.k8s.io/v1alpha1 or "
                           "authentication.k8s.io/v1beta1 API")  # fmt: skip
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}}
    review: Obj = factory.request("create", resource, body=body)
    if format_of(call.flags):
        factory.out.write(object_printer(call.flags, factory.files)(typed(review)))
        return 0
    info: Obj = (review.get("status") or {}).get("userInfo") or {}
    rows = [["ATTRIBUTE", "VALUE"]]
    if info.get("username"):
        rows.append(["Username", info["username"]])
    if info.get("uid"):
        rows.append(["UID", info["uid"]])
    if info.get("groups"):
        rows.append(["Groups", go_list(info["groups"])])
    for key, values in sorted((info.get("extra") or {}).items()):
        rows.append([f"Extra: {key}", go_list(values)])
    factory.out.write(TableWriter().render(rows))
    return 0
    yield


COMMAND = Command(
    "whoami",
    "Experimental: Check self subject attributes",
    run,
    long="Says as whom the server knows you: name, groups, and what else there is.",
    example="kubectl auth whoami",
    completes="nothing",
    flags=common.output(),
)
