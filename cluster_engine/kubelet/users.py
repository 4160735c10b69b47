"""Whether a container may run as the user that it would run as. Follows pkg/kubelet/kuberuntime/security_context.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubelet.images import Image


def verify_non_root(pod: Obj, container: Obj, image: Image) -> str:
    """Why a container that must not run as root would do so, "" where it does not."""
    own, common = container.get("securityContext") or {}, pod["spec"].get("securityContext") or {}
    if not own.get("runAsNonRoot", common.get("runAsNonRoot")):
        return ""
    meta = pod["metadata"]
    where = f'(pod: "{meta["name"]}_{meta["namespace"]}({meta["uid"]})", container: {container["name"]})'
    user = own.get("runAsUser", common.get("runAsUser"))
    if user is not None:
        return "" if user else f"container's runAsUser breaks non-root policy {where}"
    if image.inside is None or image.inside.user:
        return ""
    return f"container has runAsNonRoot and image will run as root {where}"
