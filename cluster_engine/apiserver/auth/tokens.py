"""Service-account tokens: made by the `token` subresource, checked when a request comes with one.

A token is a JSON Web Token with Kubernetes' own claims, signed (HS256) with a key that only its cluster has. Times are
virtual. Follows pkg/serviceaccount/{claims,jwt}.go.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import orjson

from cluster_engine.apimachinery.meta import Obj, deleting
from cluster_engine.apiserver.auth.users import (
    AUTHENTICATED,
    User,
    service_account_groups,
    service_account_name,
    split_service_account,
)
from cluster_engine.clock import SECOND_US, Clock
from cluster_engine.etcd.store import Store

ISSUER = "https://kubernetes.default.svc.cluster.local"
LEGACY_ISSUER = "kubernetes/serviceaccount"
MAX_TOKEN_CHARACTERS = 16 * 1024
_PRIVATE = "kubernetes.io"
_BOUND = (("pod", "pods"), ("secret", "secrets"), ("node", "nodes"))


class TokenError(Exception):
    """The token is none of this cluster's, or no longer good; the message says why."""


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Who a token speaks for, and for which audiences."""

    user: User
    audiences: list[str]


def sign(claims: Obj, key: bytes) -> str:
    """The claims as a token."""
    header = {"alg": "HS256", "kid": hashlib.sha256(key).hexdigest()[:16], "typ": "JWT"}
    text = f"{_encode(orjson.dumps(header))}.{_encode(orjson.dumps(claims, option=orjson.OPT_SORT_KEYS))}"
    return f"{text}.{_encode(_signature(text, key))}"


def _signature(text: str, key: bytes) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_for(
    account: Obj, *, now_us: int, expiration_seconds: int, audiences: list[str], token_id: str, bound: Obj | None
) -> Obj:
    """The claims of a new token; `bound` is the object (Pod, Secret or Node) whose end is the token's end too."""
    meta = account["metadata"]
    now = now_us // SECOND_US
    private: Obj = {
        "namespace": meta["namespace"],
        "serviceaccount": {"name": meta["name"], "uid": meta.get("uid", "")},
    }
    if bound is not None:
        private[bound["kind"].lower()] = {"name": bound["metadata"]["name"], "uid": bound["metadata"].get("uid", "")}
    return {
        "aud": audiences,
        "exp": now + expiration_seconds,
        "iat": now,
        "iss": ISSUER,
        "jti": token_id,
        _PRIVATE: private,
        "nbf": now,
        "sub": service_account_name(meta["namespace"], meta["name"]),
    }


def legacy_claims(account: Obj, secret_name: str) -> Obj:
    """The claims of a token that is kept in a Secret and does not end by time."""
    meta = account["metadata"]
    prefix = LEGACY_ISSUER
    return {
        "iss": LEGACY_ISSUER,
        f"{prefix}/namespace": meta["namespace"],
        f"{prefix}/secret.name": secret_name,
        f"{prefix}/service-account.name": meta["name"],
        f"{prefix}/service-account.uid": meta.get("uid", ""),
        "sub": service_account_name(meta["namespace"], meta["name"]),
    }


def authenticate(
    token: str, key: bytes, store: Store, clock: Clock, audiences: tuple[str, ...] = (ISSUER,)
) -> Authenticated:
    """Who the token speaks for. Raises `TokenError`."""
    claims = _verified(token, key)
    account = split_service_account(str(claims.get("sub", "")))
    if account is None:
        raise TokenError("the token is not a service account's")
    namespace, name = account
    if claims.get("iss") == LEGACY_ISSUER:
        return _legacy(claims, token, namespace, name, store)
    now = clock.now_us // SECOND_US
    if now >= int(claims.get("exp", 0)):
        raise TokenError("service account token has expired")
    if now < int(claims.get("nbf", 0)):
        raise TokenError("service account token is not valid yet")
    shared = [audience for audience in claims.get("aud") or () if audience in audiences]
    if not shared:
        raise TokenError(f"invalid bearer token: token audiences {claims.get('aud')} are not those of the target")
    private = claims.get(_PRIVATE) or {}
    _require_account(store, namespace, name, (private.get("serviceaccount") or {}).get("uid", ""))
    extra = {"authentication.kubernetes.io/credential-id": [f"JTI={claims.get('jti', '')}"]}
    for kind, resource in _BOUND:
        if kind in private:
            _require_bound(store, kind, resource, namespace, private[kind])
            if kind != "secret":
                extra[f"authentication.kubernetes.io/{kind}-name"] = [private[kind]["name"]]
                extra[f"authentication.kubernetes.io/{kind}-uid"] = [private[kind]["uid"]]
    uid = (private.get("serviceaccount") or {}).get("uid", "")
    return Authenticated(_user(namespace, name, uid, extra), shared)


def _verified(token: str, key: bytes) -> dict[str, Any]:
    """The claims of a token whose signature is this cluster's."""
    text, _, signature = token.rpartition(".")
    if len(token) > MAX_TOKEN_CHARACTERS or text.count(".") != 1:
        raise TokenError("the token is malformed")
    try:
        given = _decode(signature)
        payload = _decode(text.split(".")[1])
    except (ValueError, binascii.Error):
        raise TokenError("the token is malformed") from None
    if not hmac.compare_digest(given, _signature(text, key)):
        raise TokenError("the signature is not this cluster's")
    claims: dict[str, Any] = orjson.loads(payload)
    return claims


def _legacy(claims: Obj, token: str, namespace: str, name: str, store: Store) -> Authenticated:
    """A token out of a Secret is good as long as the Secret has it."""
    uid = str(claims.get(f"{LEGACY_ISSUER}/service-account.uid", ""))
    _require_account(store, namespace, name, uid)
    item = store.get(f"/registry/secrets/{namespace}/{claims.get(f'{LEGACY_ISSUER}/secret.name', '')}")
    kept = (item.value.get("data") or {}).get("token", "") if item else ""
    if kept != base64.b64encode(token.encode()).decode():
        raise TokenError("service account token has been invalidated")
    return Authenticated(_user(namespace, name, uid, {}), [ISSUER])


def _user(namespace: str, name: str, uid: str, extra: dict[str, list[str]]) -> User:
    groups = (*service_account_groups(namespace), AUTHENTICATED)
    return User(service_account_name(namespace, name), groups, uid, extra)


def _require_account(store: Store, namespace: str, name: str, uid: str) -> None:
    item = store.get(f"/registry/serviceaccounts/{namespace}/{name}")
    if item is None:
        raise TokenError(f"service account {namespace}/{name} has been deleted")
    if item.value["metadata"].get("uid") != uid:
        raise TokenError(f"service account UID ({item.value['metadata'].get('uid')}) does not match claim ({uid})")


def _require_bound(store: Store, kind: str, resource: str, namespace: str, reference: Obj) -> None:
    key = (
        f"/registry/{resource}/{reference['name']}"
        if kind == "node"
        else (f"/registry/{resource}/{namespace}/{reference['name']}")
    )
    item = store.get(key)
    if item is None or item.value["metadata"].get("uid") != reference.get("uid") or deleting(item.value):
        raise TokenError(f"service account token has been invalidated: its {kind} is gone")
