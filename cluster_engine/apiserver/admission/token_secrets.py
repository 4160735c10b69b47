"""Secrets that hold the token of a service account and never end by time.

On a real cluster the tokens controller fills them a moment later (pkg/controller/serviceaccount/tokens_controller.go).
It would need the key that signs tokens, which here only the API server has.
"""

from __future__ import annotations

import base64

from cluster_engine.apimachinery.meta import Obj, annotations_of, with_annotations
from cluster_engine.apiserver.auth import tokens
from cluster_engine.apiserver.context import ServerContext

TYPE = "kubernetes.io/service-account-token"
NAME_ANNOTATION = "kubernetes.io/service-account.name"
UID_ANNOTATION = "kubernetes.io/service-account.uid"


def filled(server: ServerContext, secret: Obj) -> Obj:
    """The Secret with the token of the service account that it names; as it is, where there is no such account."""
    if secret.get("type") != TYPE:
        return secret
    namespace = secret["metadata"].get("namespace", "")
    account = server.store.get(f"/registry/serviceaccounts/{namespace}/{annotations_of(secret).get(NAME_ANNOTATION)}")
    if account is None:
        return secret
    root = server.store.get(f"/registry/configmaps/{namespace}/kube-root-ca.crt")
    authority = (root.value.get("data") or {}).get("ca.crt", "") if root else ""
    token = tokens.sign(tokens.legacy_claims(account.value, secret["metadata"]["name"]), server.token_key)
    made = {"ca.crt": authority, "namespace": namespace, "token": token}
    data = {**(secret.get("data") or {}), **{name: _encoded(text) for name, text in made.items()}}
    return {**with_annotations(secret, {UID_ANNOTATION: account.value["metadata"]["uid"]}), "data": data}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
