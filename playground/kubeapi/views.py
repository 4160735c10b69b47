"""The panel “Use your own kubectl”. Only the owner sees it: the secret lets its holder do everything."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from playground.kubeapi import access, kubeconfig
from playground.sandboxes import gateway
from playground.sandboxes.gateway import SandboxNotFound
from playground.sandboxes.models import Sandbox


@never_cache
@require_safe
def panel(request: HttpRequest, sandbox_id: UUID) -> HttpResponse:
    """Show the kubeconfig and what to do with it."""
    return _panel(request, _own(request, sandbox_id))


@never_cache
@require_safe
def download(request: HttpRequest, sandbox_id: UUID) -> HttpResponse:
    """Send the kubeconfig as a file."""
    made = kubeconfig.make(request, _own(request, sandbox_id))
    headers = {"Content-Disposition": f'attachment; filename="{made.file_name}"'}
    return HttpResponse(made.text, content_type="application/yaml", headers=headers)


@never_cache
@require_POST
def renew(request: HttpRequest, sandbox_id: UUID) -> HttpResponse:
    """End the old secret and show the panel with a new one."""
    sandbox = _own(request, sandbox_id)
    access.renew(sandbox)
    return _panel(request, sandbox, renewed=True)


def _panel(request: HttpRequest, sandbox: Sandbox, *, renewed: bool = False) -> HttpResponse:
    context = {"sandbox": sandbox, "kubeconfig": kubeconfig.make(request, sandbox), "renewed": renewed}
    return render(request, "kubeapi/panel.html", context)


def _own(request: HttpRequest, sandbox_id: UUID) -> Sandbox:
    try:
        sandbox, read_only = gateway.find(sandbox_id, request.user)
    except SandboxNotFound:
        raise Http404 from None
    if read_only:
        raise Http404
    return sandbox
