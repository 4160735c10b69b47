"""Follows pkg/controller/serviceaccount/serviceaccounts_controller.go and
pkg/controller/certificates/rootcacertpublisher.
"""

from __future__ import annotations

import base64
import hashlib

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.meta import Obj, deleting
from cluster_engine.client.controller import Controller, ControllerContext
from cluster_engine.client.informer import EventType
from cluster_engine.trace import Cause

DEFAULT = "default"
ROOT_CA = "kube-root-ca.crt"
DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


class _PerNamespace(Controller):
    """Keeps one object in every namespace that is not going away. One key is one namespace."""

    resource: str
    object_name: str

    def __init__(self, name: str, context: ControllerContext) -> None:
        super().__init__(name, context)
        self.namespaces = self.enqueue_on("namespaces")
        self.objects = self.informer(self.resource)
        self.objects.add_handler(self._on_object)

    def _on_object(self, type_: EventType, obj: Obj, old: Obj | None, cause: Cause) -> None:
        if obj["metadata"]["name"] == self.object_name and type_ != "ADDED":
            self.queue.add(obj["metadata"]["namespace"], cause)

    def wanted(self, namespace: str) -> Obj:
        raise NotImplementedError

    def sync(self, key: str) -> None:
        namespace = self.namespaces.get(key)
        if namespace is None or deleting(namespace):
            return
        wanted = self.wanted(key)
        present = self.objects.get(f"{key}/{self.object_name}")
        try:
            if present is None:
                self.client.create(self.resource, wanted)
            elif "data" in wanted and present.get("data") != wanted["data"]:
                self.client.update(self.resource, {**present, "data": wanted["data"]})
        except ApiError as error:
            # A namespace that is going away wants nothing any more.
            if error.reason not in ("AlreadyExists", "NotFound", "Forbidden"):
                raise


class ServiceAccountController(_PerNamespace):
    """Keeps a ServiceAccount `default` in every namespace."""

    resource = "serviceaccounts"
    object_name = DEFAULT

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("service-account-controller", context)

    def wanted(self, namespace: str) -> Obj:
        return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": DEFAULT, "namespace": namespace}}


class RootCACertPublisher(_PerNamespace):
    """Keeps the cluster's certificate authority in every namespace, where pods mount it."""

    resource = "configmaps"
    object_name = ROOT_CA

    def __init__(self, context: ControllerContext) -> None:
        super().__init__("root-ca-certificate-publisher", context)

    def wanted(self, namespace: str) -> Obj:
        meta = {"name": ROOT_CA, "namespace": namespace, "annotations": {"kubernetes.io/description": DESCRIPTION}}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"ca.crt": _CERTIFICATE}}


def _certificate() -> str:
    """Something in the form of a certificate; nobody verifies anything with it."""
    content = b"".join(hashlib.sha256(f"kubernetes-ca/{index}".encode()).digest() for index in range(24))
    lines = base64.encodebytes(b"0\x82\x02\xfc" + content).decode().replace("\n", "")
    body = "\n".join(lines[start : start + 64] for start in range(0, len(lines), 64))
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


_CERTIFICATE = _certificate()
