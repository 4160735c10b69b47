"""What instructors see. Whoever is none is told that there is no such page."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from playground.sandboxes import gateway
from playground.sandboxes.gateway import SandboxNotFound

SESSIONS_PER_PAGE = 50
COMMANDS_PER_PAGE = 200


@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """List the sessions that there are, the last used first."""
    if not gateway.is_instructor(request.user):
        raise Http404
    page = Paginator(gateway.sessions(), SESSIONS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "classrooms/sessions.html", {"page": page, "nav_current": "review"})


@require_safe
def transcript(request: HttpRequest, sandbox_id: UUID) -> HttpResponse:
    """Show every command of a session and what it printed; the last page first."""
    if not gateway.is_instructor(request.user):
        raise Http404
    try:
        sandbox, _ = gateway.find(sandbox_id, request.user, review=True)
    except SandboxNotFound:
        raise Http404 from None
    pages = Paginator(gateway.transcript(sandbox), COMMANDS_PER_PAGE)
    page = pages.get_page(request.GET.get("page", pages.num_pages))
    return render(request, "classrooms/transcript.html", {"sandbox": sandbox, "page": page})
