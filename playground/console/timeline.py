"""Steps as the time line shows them: who did what and why, in one line, in the present language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from cluster_engine.trace import Step
from playground.console.notes import SEPARATOR, translated
from playground.console.view import is_shown, name_of_key, resource_of

NOTES_IN_SUMMARY = 2
NAMES_IN_SUMMARY = 3
_VERBS = {
    "ADDED": gettext_noop("created {resource} {names}"),
    "MODIFIED": gettext_noop("updated {resource} {names}"),
    "DELETED": gettext_noop("deleted {resource} {names}"),
}


def step_message(step: Step) -> dict[str, Any]:
    """A step as it is sent."""
    return {
        "number": step.number,
        "time_us": step.time_us,
        "component": step.component,
        "subject": step.subject,
        "summary": summary(step),
        "notes": [translated(note) for note in step.notes],
        "writes": [{"revision": revision, "verb": verb, "key": key} for revision, verb, key in step.writes],
        "cause": {"kind": step.cause.kind, "ref": step.cause.ref},
    }


def summary(step: Step) -> str:
    """One line: what the step decided in its own words, or else what it wrote."""
    return f"{step.component}: {_decided(step.notes) or _wrote(step.writes) or step.subject}"


def decided(step: Step) -> str:
    """All that the step decided, or else what it was about."""
    return _(SEPARATOR).join(map(translated, step.notes)) or step.subject


def _decided(notes: list[str]) -> str:
    text = _(SEPARATOR).join(map(translated, notes[:NOTES_IN_SUMMARY]))
    rest = len(notes) - NOTES_IN_SUMMARY
    return _("{notes}; and {rest} more").format(notes=text, rest=rest) if rest > 0 else text


def _wrote(writes: list[tuple[int, str, str]]) -> str:
    """E.g. `created pods a, b; updated deployments.apps web`. Events are left out unless there is nothing else."""
    shown = [write for write in writes if is_shown(write[2])] or writes
    names: dict[tuple[str, str], list[str]] = {}
    for _revision, verb, key in shown:
        of_kind = names.setdefault((verb, resource_of(key)), [])
        if name_of_key(key) not in of_kind:
            of_kind.append(name_of_key(key))
    parts = (
        _(_VERBS[verb]).format(resource=resource.partition(".")[0], names=_listed(found))
        for (verb, resource), found in names.items()
    )
    return _(SEPARATOR).join(parts)


def _listed(names: list[str]) -> str:
    rest = len(names) - NAMES_IN_SUMMARY
    text = ", ".join(names[:NAMES_IN_SUMMARY])
    return _("{names} and {rest} more").format(names=text, rest=rest) if rest > 0 else text
