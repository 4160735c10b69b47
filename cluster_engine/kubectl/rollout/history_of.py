"""The revisions of a workload: ReplicaSets of a Deployment, ControllerRevisions of a StatefulSet or DaemonSet.

Follows k8s.io/kubectl/pkg/polymorphichelpers/history.go and rollback.go.
"""

from __future__ import annotations

from cluster_engine.apimachinery import labels
from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, annotations_of, controlled_by, dig
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.record import CHANGE_CAUSE
from cluster_engine.kubectl.resource.mapper import Info
from cluster_engine.schema.patching import apply_patch

REVISION = "deployment.kubernetes.io/revision"
HASH_LABEL = "pod-template-hash"


def revision_of(rs: Obj) -> int | None:
    text = annotations_of(rs).get(REVISION, "")
    return int(text) if text.isdigit() else None


def replica_sets(factory: Factory, deployment: Obj) -> list[Obj]:
    """The ReplicaSets that the Deployment controls."""
    selector = labels.selector_text(deployment["spec"]["selector"])
    found = factory.list("replicasets.apps", deployment["metadata"]["namespace"], label_selector=selector)
    return [rs for rs in found if controlled_by(rs, deployment)]


def controller_revisions(factory: Factory, owner: Obj) -> list[Obj]:
    """The ControllerRevisions that the workload controls, the oldest first."""
    selector = labels.selector_text(owner["spec"]["selector"])
    found = factory.list("controllerrevisions.apps", owner["metadata"]["namespace"], label_selector=selector)
    return sorted((one for one in found if controlled_by(one, owner)), key=lambda one: one["revision"])


def read_anew(factory: Factory, info: Info, word: str) -> Obj:
    try:
        return factory.get(info.resource, info.namespace, info.name)
    except ApiError as error:
        raise CommandError(f"failed to retrieve {word} {info.name}: {error.message}") from None


def template_of(owner: Obj, revision: Obj) -> Obj:
    """The pod template that a ControllerRevision holds."""
    restored = apply_patch(
        {"spec": {"template": owner["spec"]["template"]}}, revision.get("data") or {}, "strategic", None
    )
    return restored["spec"]["template"]  # type: ignore[no-any-return]


def same_template(left: Obj, right: Obj) -> bool:
    """Whether two pod templates are the same but for the hash label."""
    return without_hash(left) == without_hash(right)


def without_hash(template: Obj) -> Obj:
    """The template without the label of its ReplicaSet, and without what means nothing."""
    meta = template.get("metadata") or {}
    kept = {key: value for key, value in (meta.get("labels") or {}).items() if key != HASH_LABEL}
    plain = {key: value for key, value in meta.items() if value not in (None, {}, []) and key != "labels"}
    return {**template, "metadata": {**plain, "labels": kept} if kept else plain}


def change_cause_of(obj: Obj) -> str:
    return annotations_of(obj).get(CHANGE_CAUSE, "")


def paused(obj: Obj) -> bool:
    return bool(dig(obj, "spec", "paused", default=False))
