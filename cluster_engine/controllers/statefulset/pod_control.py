"""Creates, repairs and deletes a StatefulSet's pods and their claims.

Follows pkg/controller/statefulset/stateful_pod_control.go.
"""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.client.client import Client
from cluster_engine.client.informer import Informer
from cluster_engine.client.recorder import EventRecorder
from cluster_engine.controllers.statefulset import util
from cluster_engine.controllers.statefulset.claims import (
    claim_matches_policy,
    has_stale_owner,
    retention_of,
    with_policy,
)

CLAIMS = "persistentvolumeclaims"


class StatefulPodControl:
    """Works on one pod at a time. Every method raises `ApiError` where the server refuses, after an event about it."""

    def __init__(self, client: Client, recorder: EventRecorder, claims: Informer) -> None:
        self._client = client
        self._recorder = recorder
        self._claims = claims

    def create_stateful_pod(self, set_: Obj, pod: Obj) -> Obj:
        """Creates the pod's missing claims, then the pod."""
        try:
            self.create_missing_claims(set_, pod)
        except ApiError as error:
            self._record_pod_event("create", set_, pod, error)
            raise
        try:
            created = self._client.create("pods", pod)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                self._record_pod_event("create", set_, pod, error)
            raise
        self.update_claims_for_retention(set_, created)
        self._record_pod_event("create", set_, pod, None)
        return created

    def update_stateful_pod(self, set_: Obj, pod: Obj) -> None:
        """Puts the pod's identity, claims and their owners right where they are not."""
        updated = pod if util.identity_matches(set_, pod) else util.with_identity(set_, pod)
        if not util.storage_matches(set_, updated):
            updated = util.with_storage(set_, updated)
            self.create_missing_claims(set_, updated)
        self.update_claims_for_retention(set_, updated)
        if updated is pod:
            return
        try:
            self._client.update("pods", updated)
        except ApiError as error:
            self._record_pod_event("update", set_, pod, error)
            raise
        self._record_pod_event("update", set_, pod, None)

    def delete_stateful_pod(self, set_: Obj, pod: Obj) -> None:
        """Asks for the pod's deletion; its claims stay."""
        meta = pod["metadata"]
        try:
            self._client.delete("pods", meta["name"], meta["namespace"])
        except ApiError as error:
            self._record_pod_event("delete", set_, pod, error)
            raise
        self._record_pod_event("delete", set_, pod, None)

    # Claims.

    def create_missing_claims(self, set_: Obj, pod: Obj) -> None:
        for claim in util.claims_for(set_, util.ordinal_of(pod)):
            name = claim["metadata"]["name"]
            existing = self._claims.get(f"{claim['metadata']['namespace']}/{name}")
            if existing is not None:
                if "deletionTimestamp" in existing["metadata"]:
                    raise ApiError(409, "Conflict", f"pvc {name} is being deleted")
                continue
            try:
                self._client.create(CLAIMS, claim)
            except ApiError as error:
                self._record_claim_event(set_, pod, name, error)
                raise
            self._record_claim_event(set_, pod, name, None)

    def claim_is_stale(self, set_: Obj, pod: Obj) -> bool:
        """Whether a claim of the pod that is to be created is about to be deleted with the pod's predecessor."""
        if not retention_of(set_)[0]:
            return False
        claims = self._claims_of(set_, pod)
        return any("deletionTimestamp" in claim["metadata"] or has_stale_owner(claim, pod) for claim in claims)

    def claims_match_retention(self, set_: Obj, pod: Obj) -> bool:
        return all(claim_matches_policy(claim, set_, pod) for claim in self._claims_of(set_, pod))

    def update_claims_for_retention(self, set_: Obj, pod: Obj) -> None:
        for claim in self._claims_of(set_, pod):
            if not claim_matches_policy(claim, set_, pod):
                self._client.update(CLAIMS, with_policy(claim, set_, pod))

    def _claims_of(self, set_: Obj, pod: Obj) -> list[Obj]:
        """The pod's claims that exist."""
        namespace, ordinal = set_["metadata"]["namespace"], util.ordinal_of(pod)
        names = [util.claim_name(set_, template, ordinal) for template in util.claim_templates(set_)]
        found = [self._claims.get(f"{namespace}/{name}") for name in names]
        return [claim for claim in found if claim is not None]

    # Events.

    def _record_pod_event(self, verb: str, set_: Obj, pod: Obj, error: ApiError | None) -> None:
        head = f"{verb} Pod {pod['metadata']['name']} in StatefulSet {set_['metadata']['name']}"
        if error is None:
            self._recorder.event(set_, "Normal", f"Successful{verb.title()}", f"{head} successful")
        else:
            self._recorder.event(set_, "Warning", f"Failed{verb.title()}", f"{head} failed error: {error.message}")

    def _record_claim_event(self, set_: Obj, pod: Obj, claim: str, error: ApiError | None) -> None:
        where = f"Pod {pod['metadata']['name']} in StatefulSet {set_['metadata']['name']}"
        if error is None:
            self._recorder.event(set_, "Normal", "SuccessfulCreate", f"create Claim {claim} {where} success")
        else:
            message = f"create Claim {claim} for {where} failed error: {error.message}"
            self._recorder.event(set_, "Warning", "FailedCreate", message)
