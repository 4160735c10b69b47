"""Pages of the web servers in a sandbox, as `kubectl port-forward` leads to them.

What they say was written by anybody, so it comes with a Content-Security-Policy of its own: no scripts, no forms, an
origin of its own that has no cookies. Links within such a page therefore carry no cookie either; the signed token in
the address is what lets them through. It is made for those who may use the sandbox, and leads to one port of it.
"""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from playground.sandboxes import gateway, ports
from playground.sandboxes.gateway import SandboxNotFound
from playground.sandboxes.ports import NoAnswer

SALT = "playground.console.ports"
TOKEN_SECONDS = 24 * 3600
POLICY = (
    "sandbox; default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
# Of a server's headers, those that say what its answer is; none that would do something to the visitor's browser.
KEPT = ("content-type", "content-language", "last-modified", "etag")


@never_cache
@require_safe
def open_port(request: HttpRequest, sandbox_id: UUID, port: int, path: str) -> HttpResponse:
    """Lead somebody who may use the sandbox to the page behind a port."""
    try:
        _sandbox, read_only = gateway.find(sandbox_id, request.user)
    except SandboxNotFound:
        raise Http404 from None
    if read_only:
        raise Http404
    token = signing.dumps([sandbox_id.hex, port], salt=SALT)
    query = request.META.get("QUERY_STRING", "")
    return redirect(f"/ports/{token}/{quote(path)}" + (f"?{query}" if query else ""))


@xframe_options_exempt
async def show_port(request: HttpRequest, token: str, path: str) -> HttpResponse:
    """Show what the port answers. The site's own policy is not added where there is one already."""
    try:
        sandbox_hex, port = signing.loads(token, salt=SALT, max_age=TOKEN_SECONDS)
    except signing.BadSignature:
        raise Http404 from None
    query = request.META.get("QUERY_STRING", "")
    target = "/" + quote(path, safe="/%:@!$&'()*+,;=~-._") + (f"?{query}" if query else "")
    try:
        answer = await ports.get(UUID(sandbox_hex), port, target)
    except SandboxNotFound:
        raise Http404 from None
    except NoAnswer as fault:
        response = render(
            request, "console/no_answer.html", {"port": port, "why": _why(fault), "words": fault.words}, status=502
        )
    else:
        response = HttpResponse(answer.body, status=answer.status)
        del response["Content-Type"]
        for name, value in answer.headers:
            if name.lower() in KEPT:
                response[name] = value
        response.setdefault("Content-Type", "text/plain; charset=utf-8")
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


def _why(fault: NoAnswer) -> str:
    return {
        "closed": _("Nothing listens there any more: kubectl port-forward has ended."),
        "refused": _("The pod does not take the connection."),
        "late": _("No answer has come. Does time stand still in the cluster?"),
        "garbled": _("What answers there does not speak HTTP."),
    }[fault.kind]
