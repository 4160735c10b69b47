"""Creating and deleting pods for a workload, with the events that say so.

Follows RealPodControl of pkg/controller/controller_utils.go.
"""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, namespace_of, owner_reference
from cluster_engine.client.client import Client
from cluster_engine.client.recorder import EventRecorder

MAX_NAME_LENGTH = 253


def pod_from_template(template: Obj, owner: Obj, generate_name: str = "") -> Obj:
    """A new pod of the template, controlled by `owner`. It shares labels and spec with the template.

    The name begins with `generate_name`, or else with the owner's.

    Follows controller.GetPodFromTemplate.
    """
    name = owner["metadata"]["name"]
    prefix = f"{name}-"
    meta: Obj = {
        "generateName": generate_name or (prefix if len(prefix) <= MAX_NAME_LENGTH else name),
        "namespace": namespace_of(owner),
        "ownerReferences": [owner_reference(owner)],
    }
    of_template = template.get("metadata") or {}
    for field in ("labels", "annotations", "finalizers"):
        if of_template.get(field):
            meta[field] = of_template[field]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template.get("spec") or {}}


def is_namespace_terminating(error: ApiError) -> bool:
    """Whether a creation was refused because its namespace is going away, which no retry will change."""
    causes = (error.details or {}).get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)


class PodControl:
    """Creates and deletes pods in the name of one controller."""

    def __init__(self, client: Client, recorder: EventRecorder) -> None:
        self._client = client
        self._recorder = recorder

    def create_pod(self, pod: Obj, owner: Obj) -> Obj:
        """Creates the pod. Raises `ApiError`, after an event about it unless the namespace is terminating."""
        try:
            created = self._client.create("pods", pod)
        except ApiError as error:
            if not is_namespace_terminating(error):
                self._recorder.event(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
            raise
        self._recorder.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")
        return created

    def delete_pod(self, pod: Obj, owner: Obj) -> None:
        """Asks for the pod's deletion. Raises `ApiError`, after an event about it unless the pod is gone already."""
        meta = pod["metadata"]
        try:
            self._client.delete("pods", meta["name"], meta["namespace"])
        except ApiError as error:
            if error.code != 404:
                self._recorder.event(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
            raise
        self._recorder.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {meta['name']}")
