"""Keeps claims that pods use, and volumes that claims use, until nobody uses them.

Follows pkg/controller/volume/{pvcprotection,pvprotection}.
"""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, deleting, dig
from cluster_engine.apimachinery.volumes import claim_keys
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.trace import Cause

CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"
BY_CLAIM = "claim"


def _without_finalizer(obj: Obj, finalizer: str) -> Obj:
    kept = [name for name in obj["metadata"].get("finalizers") or () if name != finalizer]
    meta = {field: value for field, value in obj["metadata"].items() if field != "finalizers"}
    return {**obj, "metadata": {**meta, "finalizers": kept} if kept else meta}


class ClaimProtectionController(Controller):
    """One key is one claim."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("pvc-protection-controller", context)
        self.claims = self.enqueue_on("persistentvolumeclaims")
        self.pods = self.informer("pods")
        self.pods.add_index(BY_CLAIM, claim_keys)
        self.pods.add_handler(self._on_pod)

    def _on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        if len(self.claims) and (
            type_ == "DELETED" or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        ):
            for key in claim_keys(pod):
                self.queue.add(key, cause)

    def sync(self, key: str) -> None:
        claim = self.claims.get(key)
        if claim is None or not deleting(claim) or CLAIM_FINALIZER not in (claim["metadata"].get("finalizers") or ()):
            return
        # A pod without a node does not count: none would take it in with a claim that is being deleted.
        users = [
            pod
            for pod in self.pods.by_index(BY_CLAIM, key)
            if pod["spec"].get("nodeName") and dig(pod, "status", "phase") not in ("Succeeded", "Failed")
        ]
        if users:
            self.trace.note(f"claim {key} is kept: pod {users[0]['metadata']['name']} uses it")
            return
        self.client.update("persistentvolumeclaims", _without_finalizer(claim, CLAIM_FINALIZER))


class VolumeProtectionController(Controller):
    """One key is one volume."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("pv-protection-controller", context)
        self.volumes = self.enqueue_on("persistentvolumes")

    def sync(self, key: str) -> None:
        volume = self.volumes.get(key)
        if (
            volume is None
            or not deleting(volume)
            or VOLUME_FINALIZER not in (volume["metadata"].get("finalizers") or ())
        ):
            return
        if dig(volume, "status", "phase") != "Bound":
            self.client.update("persistentvolumes", _without_finalizer(volume, VOLUME_FINALIZER))
