"""Follows pkg/controller/volume/persistentvolume/pv_controller.go: syncClaim, syncVolume, and a provisioner for the
simulated class.
"""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj, annotations_of, deleting, dig, key_of, with_annotations
from cluster_engine.apimachinery.volumes import (
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    NO_PROVISIONER,
    SELECTED_NODE,
    claim_keys,
    claim_reference,
    class_of,
    find_matching_volume,
    is_claimed_by,
    waits_for_consumer,
)
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.trace import Cause

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"
STORAGE_CLASSES = "storageclasses.storage.k8s.io"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
PROVISIONER = "rancher.io/local-path"
PROVISIONER_ANNOTATION = "volume.kubernetes.io/storage-provisioner"
# The class of which volumes are made on demand where the cluster has no StorageClass objects.
SIMULATED_CLASS = "standard"
PROVISION_SECONDS = 0.5
BY_CLAIM = "claim"


class PersistentVolumeController(Controller):
    """One key is `claim|namespace/name` or `volume|name`."""

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("persistentvolume-controller", context)
        self.claims = self.informer(CLAIMS)
        self.volumes = self.informer(VOLUMES)
        scheme = self.client.server.scheme
        self.classes = self.informer(STORAGE_CLASSES) if scheme.get(STORAGE_CLASSES) else None
        self.pods = self.informer("pods")
        self.pods.add_index(BY_CLAIM, claim_keys)
        self.claims.add_handler(self._on_claim)
        self.volumes.add_handler(self._on_volume)
        # Claims for which a volume is being made.
        self._provisioning: set[str] = set()

    def _on_claim(self, type_: EventType, claim: Obj, old: Obj | None, cause: Cause) -> None:
        self.queue.add(f"claim|{key_of(claim)}", cause)
        volume = claim["spec"].get("volumeName")
        if volume:
            self.queue.add(f"volume|{volume}", cause)

    def _on_volume(self, type_: EventType, volume: Obj, old: Obj | None, cause: Cause) -> None:
        self.queue.add(f"volume|{volume['metadata']['name']}", cause)
        reference = volume["spec"].get("claimRef")
        if reference:
            self.queue.add(f"claim|{reference['namespace']}/{reference['name']}", cause)
        elif type_ != "DELETED":
            for claim in self.claims:
                if not claim["spec"].get("volumeName"):
                    self.queue.add(f"claim|{key_of(claim)}", cause)

    def sync(self, key: str) -> None:
        kind, _, name = key.partition("|")
        obj = (self.claims if kind == "claim" else self.volumes).get(name)
        if obj is None:
            self._provisioning.discard(name)
        elif kind == "claim":
            self._sync_claim(obj)
        else:
            self._sync_volume(obj)

    # Claims.

    def _sync_claim(self, claim: Obj) -> None:
        if not claim["spec"].get("volumeName"):
            self._sync_unbound_claim(claim)
            return
        volume = self.volumes.get(claim["spec"]["volumeName"])
        if volume is None:
            if BIND_COMPLETED in annotations_of(claim) and dig(claim, "status", "phase") != "Lost":
                self.recorder.event(
                    claim,
                    "Warning",
                    "ClaimLost",
                    "Bound claim has lost its PersistentVolume. Data on the volume is lost!",
                )
                self._set_phase(CLAIMS, claim, "Lost")
            return
        if not volume["spec"].get("claimRef") or is_claimed_by(volume, claim):
            self._bind(claim, volume)

    def _sync_unbound_claim(self, claim: Obj) -> None:
        if deleting(claim):
            return
        delayed = waits_for_consumer(self._class(class_of(claim)))
        # Which free volume a claim gets that waits for a consumer is for the scheduler to say.
        volume = find_matching_volume(self.volumes, claim, only_promised=delayed)
        if volume is not None:
            self._bind(claim, volume)
            return
        if dig(claim, "status", "phase") != "Pending":
            claim = self._set_phase(CLAIMS, claim, "Pending")
        if delayed and SELECTED_NODE not in annotations_of(claim):
            self._wait_for_consumer(claim)
        else:
            self._provision_or_wait(claim)

    def _wait_for_consumer(self, claim: Obj) -> None:
        """Follows emitEventForUnboundDelayBindingClaim."""
        users = [pod for pod in self.pods.by_index(BY_CLAIM, key_of(claim)) if not pod["spec"].get("nodeName")]
        if not users:
            words = "waiting for first consumer to be created before binding"
            self.recorder.event(claim, "Normal", "WaitForFirstConsumer", words)
            return
        names = ",".join(pod["metadata"]["name"] for pod in users)
        words = f"waiting for pod{'s' if len(users) > 1 else ''} {names} to be scheduled"
        self.recorder.event(claim, "Normal", "WaitForPodScheduled", words)

    def _provision_or_wait(self, claim: Obj) -> None:
        wanted = class_of(claim)
        if not wanted:
            self.recorder.event(
                claim,
                "Normal",
                "FailedBinding",
                "no persistent volumes available for this claim and no storage class is set",
            )
            return
        class_ = self._class(wanted)
        if class_ is None:
            words = f'storageclass.storage.k8s.io "{wanted}" not found'
            self.recorder.event(claim, "Warning", "ProvisioningFailed", words)
            return
        if class_.get("provisioner") == NO_PROVISIONER:
            self.recorder.event(
                claim,
                "Normal",
                "FailedBinding",
                "no persistent volumes available for this claim and no storage class is set",
            )
            return
        key = key_of(claim)
        if key not in self._provisioning:
            # Making a volume takes a moment; the claim is looked at again when it is done.
            self._provisioning.add(key)
            self.recorder.event(
                claim, "Normal", "Provisioning", f'External provisioner is provisioning volume for claim "{key}"'
            )
            self.queue.add_after(f"claim|{key}", PROVISION_SECONDS, Cause("timer", f"provisioning for {key}"))
            return
        self._provision(claim, wanted, class_)

    def _class(self, name: str) -> Obj | None:
        if self.classes is not None:
            return self.classes.get(name)
        return {"provisioner": PROVISIONER} if name == SIMULATED_CLASS else None

    def _provision(self, claim: Obj, class_name: str, class_: Obj) -> None:
        meta = claim["metadata"]
        name = f"pvc-{meta['uid']}"
        provisioner = class_.get("provisioner", PROVISIONER)
        volume: Obj = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name, "annotations": {PROVISIONED_BY: provisioner}},
            "spec": {
                "accessModes": claim["spec"].get("accessModes") or ["ReadWriteOnce"],
                "capacity": {"storage": dig(claim, "spec", "resources", "requests", "storage", default="1Gi")},
                "claimRef": claim_reference(claim),
                "hostPath": {
                    "path": f"/var/local-path-provisioner/{name}_{meta['namespace']}_{meta['name']}",
                    "type": "DirectoryOrCreate",
                },
                "persistentVolumeReclaimPolicy": class_.get("reclaimPolicy", "Delete"),
                "storageClassName": class_name,
                "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
            },
        }
        node = annotations_of(claim).get(SELECTED_NODE)
        if node:
            hostname = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
            terms = [{"matchExpressions": [hostname]}]
            volume["spec"]["nodeAffinity"] = {"required": {"nodeSelectorTerms": terms}}
        self.client.create(VOLUMES, volume)
        self._provisioning.discard(key_of(claim))
        self.recorder.event(claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {name}")

    def _bind(self, claim: Obj, volume: Obj) -> None:
        """Ties both together: volume first, then claim; each write only where it is due."""
        name = volume["metadata"]["name"]
        reference = volume["spec"].get("claimRef") or {}
        if reference.get("uid") != claim["metadata"]["uid"]:
            changed = {**volume, "spec": {**volume["spec"], "claimRef": claim_reference(claim)}}
            if not reference:
                changed = with_annotations(changed, {BOUND_BY_CONTROLLER: "yes"})
            volume = self.client.update(VOLUMES, changed)
            self.trace.note(f"claim {key_of(claim)} is bound to volume {name}")
        volume = self._set_phase(VOLUMES, volume, "Bound")
        if claim["spec"].get("volumeName") != name or BIND_COMPLETED not in annotations_of(claim):
            added: dict[str, str | None] = {BIND_COMPLETED: "yes"}
            if not claim["spec"].get("volumeName"):
                added[BOUND_BY_CONTROLLER] = "yes"
            changed = with_annotations({**claim, "spec": {**claim["spec"], "volumeName": name}}, added)
            claim = self.client.update(CLAIMS, changed)
        status = {
            **(claim.get("status") or {}),
            "phase": "Bound",
            "accessModes": volume["spec"].get("accessModes") or [],
        }
        status["capacity"] = {"storage": dig(volume, "spec", "capacity", "storage", default="0")}
        if status != claim.get("status"):
            self.client.update_status(CLAIMS, {**claim, "status": status})

    def _set_phase(self, resource: str, obj: Obj, phase: str) -> Obj:
        status = obj.get("status") or {}
        if status.get("phase") == phase:
            return obj
        changed = {**status, "phase": phase}
        if resource == VOLUMES:
            changed["lastPhaseTransitionTime"] = self.clock.rfc3339()
        return self.client.update_status(resource, {**obj, "status": changed})

    # Volumes.

    def _sync_volume(self, volume: Obj) -> None:
        reference = volume["spec"].get("claimRef")
        if not reference or not reference.get("uid"):
            # Free, or promised by hand to a claim that has not come yet.
            self._set_phase(VOLUMES, volume, "Available")
            return
        claim = self.claims.get(f"{reference['namespace']}/{reference['name']}")
        if claim is not None and claim["metadata"]["uid"] == reference["uid"]:
            if claim["spec"].get("volumeName") in (None, "", volume["metadata"]["name"]):
                self._bind(claim, volume)
            return
        volume = self._set_phase(VOLUMES, volume, "Released")
        if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete" and not deleting(volume):
            self.trace.note(f"volume {volume['metadata']['name']}: its claim is gone and its policy is Delete")
            self.client.delete(VOLUMES, volume["metadata"]["name"], uid=volume["metadata"]["uid"])
