"""The front page, and the way from it into a workspace."""

from django.http import HttpRequest, HttpResponse


def home(_request: HttpRequest) -> HttpResponse:
    """Show the front page."""
    return HttpResponse("Podarium")


def start(_request: HttpRequest) -> HttpResponse:
    """Bring whoever asks into the first lesson's workspace, as a guest if need be."""
    return HttpResponse("Podarium")


def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer that the site is up."""
    return HttpResponse("ok\n", content_type="text/plain")
