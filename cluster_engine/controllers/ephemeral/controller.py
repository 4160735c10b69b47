"""Follows pkg/controller/volume/ephemeral/controller.go."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, controller_of, deleting, key_of, owner_reference
from cluster_engine.apimachinery.volumes import is_made_for
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.trace import Cause

CLAIMS = "persistentvolumeclaims"


class EphemeralVolumeController(Controller):
    """One key is one pod."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("ephemeral-volume-controller", context)
        self.pods = self.informer("pods")
        self.claims = self.informer(CLAIMS)
        self.pods.add_handler(self._on_pod)
        self.claims.add_handler(self._on_claim)

    def _on_pod(self, type_: EventType, pod: Obj, old: Obj | None, cause: Cause) -> None:
        # Volumes cannot be changed: what a pod needs is known when it comes.
        if old is None and type_ != "DELETED" and _templates(pod) and not deleting(pod):
            self.queue.add(key_of(pod), cause)

    def _on_claim(self, type_: EventType, claim: Obj, old: Obj | None, cause: Cause) -> None:
        owner = controller_of(claim) if type_ == "DELETED" else None
        if owner is not None and owner["kind"] == "Pod":
            self.queue.add(f"{claim['metadata']['namespace']}/{owner['name']}", cause)

    def sync(self, key: str) -> None:
        """Makes the claims that a pod lacks; one of the name that is somebody else's is left alone."""
        pod = self.pods.get(key)
        if pod is None or deleting(pod):
            return
        namespace = pod["metadata"]["namespace"]
        for volume in _templates(pod):
            name = f"{pod['metadata']['name']}-{volume['name']}"
            present = self.claims.get(f"{namespace}/{name}")
            if present is not None:
                if not is_made_for(present, pod):
                    self.trace.note(f"claim {name} is not of pod {key}, and stays as it is")
                continue
            template = volume["ephemeral"]["volumeClaimTemplate"]
            marks = template.get("metadata") or {}
            meta = {field: marks[field] for field in ("annotations", "labels") if marks.get(field)}
            claim = {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {**meta, "name": name, "namespace": namespace, "ownerReferences": [owner_reference(pod)]},
                "spec": template["spec"],
            }
            self.client.create(CLAIMS, claim)
            self.trace.note(f"claim {name} is made for pod {key}")


def _templates(pod: Obj) -> list[Obj]:
    """The volumes of a pod for each of which a claim is made."""
    volumes = pod["spec"].get("volumes")
    if not volumes:
        return []
    return [volume for volume in volumes if (volume.get("ephemeral") or {}).get("volumeClaimTemplate")]
