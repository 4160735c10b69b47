"""The workspace's pages. Each is: parse, one call of the gateway, render."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from playground.accounts.guests import ensure_user
from playground.curriculum import panel
from playground.sandboxes import gateway
from playground.sandboxes.gateway import LimitError, SandboxNotFound


@require_POST
def new_sandbox(request: HttpRequest) -> HttpResponse:
    """Make a sandbox (for a guest, if need be) and go there."""
    user = ensure_user(request)
    try:
        sandbox = gateway.create(user, title=request.POST.get("title", "").strip(), lesson=_lesson(request))
    except LimitError as error:
        return render(request, "console/refused.html", {"message": str(error)}, status=409)
    return redirect("console:workspace", sandbox_id=sandbox.pk)


@require_safe
def list_sandboxes(request: HttpRequest) -> HttpResponse:
    """List somebody's own sandboxes; nobody in particular has none."""
    mine = gateway.of_user(request.user) if request.user.is_authenticated else []
    return render(request, "console/list.html", {"sandboxes": mine, "nav_current": "sandboxes"})


@require_POST
def delete_sandbox(request: HttpRequest, sandbox_id: UUID) -> HttpResponse:
    """Delete one of one's own sandboxes, with all that is in it."""
    try:
        gateway.delete(sandbox_id, request.user)
    except SandboxNotFound:
        raise Http404 from None
    return redirect("console:list")


def _lesson(request: HttpRequest) -> str:
    slug = request.POST.get("lesson", "")
    return slug if len(slug) <= 100 and all(c.isalnum() or c in "-_" for c in slug) else ""


@require_safe
def workspace(request: HttpRequest, sandbox_id: UUID) -> HttpResponse:
    """Show a sandbox's workspace: to its owner, or read-only to an instructor."""
    return _workspace(request, sandbox_id, review=False)


@require_safe
def review(request: HttpRequest, sandbox_id: UUID) -> HttpResponse:
    """Show a sandbox read-only and live."""
    if not gateway.is_instructor(request.user):
        raise Http404
    return _workspace(request, sandbox_id, review=True)


def _workspace(request: HttpRequest, sandbox_id: UUID, *, review: bool) -> HttpResponse:
    try:
        sandbox, read_only = gateway.find(sandbox_id, request.user, review=review)
    except SandboxNotFound:
        raise Http404 from None
    ws_path = f"/ws/sandboxes/{sandbox.pk}/" + ("?review=1" if review else "")
    context = {
        **panel.context(sandbox.lesson, sandbox.owner, sandbox),
        "sandbox": sandbox,
        "read_only": read_only,
        "ws_path": ws_path,
        "review": review,
        "mine": gateway.of_user(request.user)[:20] if not read_only else [],
        "new_url": reverse("console:new"),
    }
    return render(request, "console/workspace.html", context)
