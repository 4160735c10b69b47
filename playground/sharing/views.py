"""The owner's panel “Share”, and the page that a link leads to."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from playground.accounts.guests import ensure_user
from playground.curriculum import catalogue
from playground.sandboxes.gateway import LimitError, SandboxNotFound
from playground.sandboxes.models import Sandbox
from playground.sharing import packing, shares
from playground.sharing.models import Share
from playground.sharing.shares import ShareNotFound

SHOWN_COMMANDS = 200


@never_cache
@require_safe
def panel(request: HttpRequest, sandbox_id: UUID) -> HttpResponse:
    """Show the links of one's own sandbox."""
    return _panel(request, _own(request, sandbox_id))


@never_cache
@require_POST
def make(request: HttpRequest, sandbox_id: UUID) -> HttpResponse:
    """Make a link, and show the panel with it."""
    sandbox = _own(request, sandbox_id)
    try:
        shares.make(sandbox, request.POST.get("title", ""))
    except LimitError as error:
        return _panel(request, sandbox, refused=str(error), status=409)
    return _panel(request, sandbox, made=True)


@never_cache
@require_POST
def withdraw(request: HttpRequest, sandbox_id: UUID, token: str) -> HttpResponse:
    """End a link, and show the panel without it."""
    sandbox = _own(request, sandbox_id)
    shares.withdraw(sandbox, token)
    return _panel(request, sandbox, withdrawn=True)


@never_cache
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a link carries, to anybody who has it."""
    share = _find(token)
    context = {
        "share": share,
        "lesson": catalogue.find(share.lesson),
        "lines": packing.lines(share.data, SHOWN_COMMANDS),
        "mine": request.user.is_authenticated and share.owner_id == request.user.pk,
    }
    response = render(request, "sharing/shared.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response


@require_POST
def take_copy(request: HttpRequest, token: str) -> HttpResponse:
    """Make a copy, for a guest if need be, and go there."""
    share = _find(token)
    try:
        sandbox = shares.take_copy(share, ensure_user(request))
    except LimitError as error:
        return render(request, "console/refused.html", {"message": str(error)}, status=409)
    return redirect("console:workspace", sandbox_id=sandbox.pk)


def _panel(request: HttpRequest, sandbox: Sandbox, *, status: int = 200, **more: object) -> HttpResponse:
    links = [
        {"share": share, "url": request.build_absolute_uri(reverse("sharing:shared", args=[share.token]))}
        for share in shares.of_sandbox(sandbox)
    ]
    # htmx shows what comes with 200 alone; a refusal has to be read too.
    status = 200 if request.headers.get("HX-Request") else status
    return render(request, "sharing/panel.html", {"sandbox": sandbox, "links": links, **more}, status=status)


def _find(token: str) -> Share:
    try:
        return shares.find(token)
    except ShareNotFound:
        raise Http404 from None


def _own(request: HttpRequest, sandbox_id: UUID) -> Sandbox:
    try:
        return shares.own(sandbox_id, request.user)
    except SandboxNotFound:
        raise Http404 from None
