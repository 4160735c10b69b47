"""The pull secrets of a pod: which of them are missing, and for which images they are good.

Follows pkg/kubelet/kubelet_pods.go (getPullSecretsForPod) and pkg/credentialprovider/keyring.go.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.kubelet.images import Credentials, Reference

# (resource, name) -> the object, or None.
Lookup = Callable[[str, str], Obj | None]
_DOCKER_HUB = ("index.docker.io", "registry-1.docker.io", "docker.io")
_FORMS = (("kubernetes.io/dockerconfigjson", ".dockerconfigjson"), ("kubernetes.io/dockercfg", ".dockercfg"))


def missing_secrets(pod: Obj, lookup: Lookup) -> list[str]:
    """The names of the pull secrets that are not there, sorted."""
    names = {entry.get("name", "") for entry in pod["spec"].get("imagePullSecrets") or ()}
    return sorted(name for name in names if name and lookup("secrets", name) is None)


def credentials_for(pod: Obj, reference: Reference, lookup: Lookup) -> list[Credentials]:
    """What the pod's secrets have for an image's registry, in their order."""
    found = []
    for entry in pod["spec"].get("imagePullSecrets") or ():
        secret = lookup("secrets", entry.get("name", ""))
        for server, account in _accounts(secret).items() if secret is not None else ():
            if _is_for(server, reference):
                found.append(account)
    return found


def _accounts(secret: Obj) -> dict[str, Credentials]:
    """(user, password) by server. What cannot be read is as if it were not there."""
    key = dict(_FORMS).get(secret.get("type", ""))
    text = (secret.get("data") or {}).get(key, "") if key else ""
    try:
        config: Any = json.loads(base64.b64decode(text))
    except (ValueError, binascii.Error):
        return {}
    servers = config.get("auths") if key == ".dockerconfigjson" and isinstance(config, dict) else config
    if not isinstance(servers, dict):
        return {}
    return {server: _account(entry) for server, entry in servers.items() if isinstance(entry, dict)}


def _account(entry: dict[str, Any]) -> Credentials:
    if entry.get("auth"):
        try:
            user, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
        except ValueError:
            return "", ""
        return user, password
    return str(entry.get("username", "")), str(entry.get("password", ""))


def _is_for(server: str, reference: Reference) -> bool:
    """A server is given as a host, or as a URL, with or without the beginning of a path."""
    host, _, path = server.removeprefix("https://").removeprefix("http://").partition("/")
    domain = "docker.io" if host in _DOCKER_HUB else host
    path = path.strip("/")
    return domain == reference.domain and (path in ("", "v1", "v2") or f"{reference.path}/".startswith(f"{path}/"))
