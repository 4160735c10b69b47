"""Tokens of service accounts in a pod's volumes. Follows pkg/kubelet/token."""

from __future__ import annotations

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.client.client import Client


def token_for(client: Client, pod: Obj, source: Obj) -> str:
    """A token bound to the pod, "" where none is given."""
    meta, spec = pod["metadata"], pod["spec"]
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {
            "audiences": [source["audience"]] if source.get("audience") else [],
            "expirationSeconds": source.get("expirationSeconds") or 3600,
            "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"]},
        },
    }
    try:
        made = client.request(
            "create",
            "serviceaccounts",
            meta["namespace"],
            spec.get("serviceAccountName") or "default",
            subresource="token",
            body=body,
        )
    except ApiError:
        return ""
    return str((made.get("status") or {}).get("token", ""))
