"""The scripts of the workspace, as the front end's build has left them."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def shared_chunks() -> SafeString:
    """Links that fetch what the islands share together with them: found by a browser's parser, it would come later."""
    names = sorted(path.name for path in (settings.BASE_DIR / "static" / "dist").glob("chunk-*.js"))
    addresses = ((static(f"dist/{name}"),) for name in names)
    return format_html_join("\n  ", '<link rel="modulepreload" href="{}">', addresses)
