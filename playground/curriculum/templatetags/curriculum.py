"""`{% lesson_panel slug %}`: the lesson beside the terminal, for the workspace's template."""

from typing import Any

from django import template

from playground.curriculum import panel

register = template.Library()


@register.inclusion_tag("curriculum/lesson_panel.html", takes_context=True)
def lesson_panel(context: template.Context, slug: str | None) -> dict[str, Any]:
    """Render the panel of a lesson, with the ticks of whoever looks; without a lesson, the choice of lessons."""
    request = context["request"]
    sandbox = context.get("sandbox")
    shown = panel.context(slug or "", sandbox.owner if sandbox else request.user, sandbox)
    return {**shown, "read_only": context.get("read_only")}
