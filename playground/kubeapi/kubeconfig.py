"""The kubeconfig with which a real client reaches a sandbox."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml
from django.http import HttpRequest

from playground.kubeapi import access
from playground.kubeapi.asgi import PREFIX
from playground.sandboxes.models import Sandbox


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """A kubeconfig: its text, and under which name to save it."""

    text: str
    file_name: str
    server: str


def make(request: HttpRequest, sandbox: Sandbox) -> Kubeconfig:
    """The kubeconfig for the site as this request reached it.

    kubectl keeps tokens to itself over plain http, so there the secret is in the path.
    """
    secret = access.secret_of(sandbox)
    user: dict[str, str] = {}
    if request.is_secure():
        server = request.build_absolute_uri(f"{PREFIX}{sandbox.pk}")
        user = {"token": secret}
    else:
        server = request.build_absolute_uri(f"{PREFIX}{secret}")
    name = re.sub(r"[^a-z0-9]+", "-", sandbox.title.lower()).strip("-") or sandbox.pk.hex[:8]
    context = f"podarium-{name}"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context, "cluster": {"server": server}}],
        "users": [{"name": context, "user": user}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context, "namespace": "default"}}],
        "current-context": context,
    }
    return Kubeconfig(yaml.safe_dump(config, sort_keys=False), f"{context}.yaml", server)
