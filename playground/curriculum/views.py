"""The catalogue of lessons, the start of one, and its panel."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from playground.accounts.guests import ensure_user
from playground.curriculum import catalogue, document, panel, start
from playground.sandboxes import gateway

MAX_QUERY_CHARACTERS = 100


@require_safe
def catalogue_page(request: HttpRequest) -> HttpResponse:
    """Show the lessons, all or those that a search finds; of htmx's request the list alone."""
    query = request.GET.get("q", "").strip()[:MAX_QUERY_CHARACTERS]
    context = {"entries": panel.catalogue_entries(request.user, query), "query": query, "nav_current": "lessons"}
    template = "lesson_list" if request.headers.get("HX-Request") else "catalogue"
    return render(request, f"curriculum/{template}.html", context)


@require_safe
def document_page(request: HttpRequest) -> HttpResponse:
    """Show the steps of the course's original beside the lessons that cover them."""
    return render(request, "curriculum/document.html", {"chapters": document.chapters(), "nav_current": "lessons"})


@require_POST
def start_lesson(request: HttpRequest, slug: str) -> HttpResponse:
    """Go on with a lesson, or begin it (`afresh` always begins), as a guest if need be."""
    lesson = catalogue.find(slug)
    if lesson is None:
        raise Http404
    try:
        sandbox = start.sandbox_for(ensure_user(request), lesson, afresh="afresh" in request.POST)
    except gateway.LimitError as error:
        return render(request, "console/refused.html", {"message": str(error)}, status=409)
    return redirect("console:workspace", sandbox_id=sandbox.pk)


@require_safe
def lesson_panel(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a lesson's panel alone, for the workspace to put in."""
    if catalogue.find(slug) is None:
        raise Http404
    return render(request, "curriculum/lesson_panel.html", panel.context(slug, request.user))
