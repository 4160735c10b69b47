"""The document's look: kubectl v1.12 on a cluster of v1.12.

Types that were named without their group were those of `extensions/v1beta1` then; `rollout undo` said no more than a
name; `--record` and `--cascade=false` were not deprecated; an empty list was `No resources found.`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, dig
from cluster_engine.kubectl.factory import Factory
from cluster_engine.shell.looks.rules import Look, rule
from cluster_engine.shell.looks.tables import path

# What `deployment`, `deploy/web` and the like named: kinds that were in the group extensions first.
_EXTENSIONS = re.compile(r"(deployments?|deploy|daemonsets?|ds|replicasets?|rs|ingress|ingresses|ing)(/|$)")
_CHANGING = "set rollout scale patch edit label annotate autoscale expose delete"
# Lines that carry the name of an object: `deployment.apps/web scaled`, `deployment.apps "web" deleted`.
_NAMED = r"^(deployment|daemonset|replicaset)\.apps(?=/| \"|$)"
_NAMED_INGRESS = r"^ingress\.networking\.k8s\.io(?=/| \")"


def _named_without_group(factory: Factory, words: Sequence[str], found: re.Match[str]) -> bool:
    """Whether the command named the type by itself, as in `set image deployment web`, and not through a file."""
    return any(_EXTENSIONS.match(word) for word in words if not word.startswith("-"))


def _in_parts(factory: Factory, words: Sequence[str], found: re.Match[str]) -> bool:
    """Whether a StatefulSet is being rolled out in parts. The document's section on that was printed by a kubectl
    that was older still, and said `statefulset "web" patched`."""
    resource = factory.mapper.get("statefulsets.apps")
    try:
        obj: Obj = factory.get(resource, factory.namespace, found[1]) if resource is not None else {}
    except ApiError:
        return False
    return bool(dig(obj, "spec", "updateStrategy", "rollingUpdate", "partition"))


def _containers(obj: Obj) -> list[Obj]:
    found: list[Obj] = dig(obj, "spec", "template", "spec", "containers", default=[])
    return found


def _without_partition_of_nothing(obj: Obj) -> Obj:
    """A StatefulSet that is not rolled out in parts did not say so then."""
    strategy = dig(obj, "spec", "updateStrategy", default={})
    if strategy.get("rollingUpdate") != {"partition": 0}:
        return obj
    return {**obj, "spec": {**obj["spec"], "updateStrategy": {"type": strategy.get("type", "RollingUpdate")}}}


_NAME = ("Name", path("metadata", "name"), False)
_AGE = ("Age", path("metadata", "creationTimestamp"), False)
_CONTAINERS = ("Containers", lambda obj: ",".join(one["name"] for one in _containers(obj)), True)
_IMAGES = ("Images", lambda obj: ",".join(one.get("image", "") for one in _containers(obj)), True)

LOOK = Look(
    name="document",
    out=(
        rule(_CHANGING, _NAMED, r"\1.extensions", _named_without_group),
        rule(_CHANGING, _NAMED_INGRESS, "ingress.extensions", _named_without_group),
        rule("rollout", r"^(\S+/\S+) rolled back$", r"\1"),
        rule("patch", r"^statefulset\.apps/(\S+) patched$", r'statefulset "\1" patched', _in_parts),
        # The document patches what is so already, and its kubectl did not mind.
        rule("patch", r"^(\S+/\S+ patched) \(no change\)$", r"\1"),
        rule("describe rollout", r"^ +(Node-Selectors|Tolerations):\s.*", None),
        rule(
            "describe",
            r"^(OldReplicaSets: +)\S+ \(0/0 replicas created\)(, \S+ \(0/0 replicas created\))*$",
            r"\1<none>",
        ),
        rule("describe", r"(Scaled (?:up|down) replica set \S+) from \d+ to", r"\1 to"),
    ),
    err=(
        rule("", r"^No resources found( in .* namespace\.)?$", "No resources found."),
        rule("", r"^Flag --record has been deprecated, .*", None),
        rule("", r"^warning: --cascade=\S+ is deprecated .*", None),
        rule("", r"^Warning: (?!Immediate deletion).*", None),
        rule("", r"^Warning: Immediate deletion", "warning: Immediate deletion"),
    ),
    columns={
        "deployments.apps": (
            _NAME,
            ("Desired", path("spec", "replicas"), False),
            ("Current", path("status", "replicas"), False),
            ("Up-to-date", path("status", "updatedReplicas"), False),
            ("Available", path("status", "availableReplicas"), False),
            _AGE,
            _CONTAINERS,
            _IMAGES,
        ),
        "statefulsets.apps": (
            _NAME,
            ("Desired", path("spec", "replicas"), False),
            ("Current", path("status", "replicas"), False),
            _AGE,
            _CONTAINERS,
            _IMAGES,
        ),
    },
    shown={"statefulsets.apps": _without_partition_of_nothing},
    cells={
        # `2 (5m ago)` was `2`.
        "Restarts": lambda text, obj: text.partition(" (")[0],
        # A pod that is being deleted was Terminating to its end.
        "Status": lambda text, obj: "Terminating" if "deletionTimestamp" in obj.get("metadata", {}) else text,
    },
)
