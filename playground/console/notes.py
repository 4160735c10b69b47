"""What components noted of their decisions, in the reader's language.

The engine writes English. Each pattern here stands for one kind of note; a note is taken apart by it, and put together
again by its translation. A note without a pattern is shown as it is, so a new one harms nothing; a test says which of
the engine's notes have none.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from django.utils.translation import get_language, gettext, gettext_noop, override

SEPARATOR = gettext_noop("; ")
_PATTERNS = (
    # Deployments and ReplicaSets.
    gettext_noop("rolling: {desired} wanted, at most {most} in all, at least {least} available"),
    gettext_noop("new ReplicaSet {name} may grow from {old} to {new}"),
    gettext_noop("new ReplicaSet {name} shrinks from {old} to {new}"),
    gettext_noop("{count} are available: old ReplicaSet {name} shrinks from {old} to {new}"),
    gettext_noop(
        "{count} of {all} pods of old ReplicaSet {name} are not available: it shrinks from {old} to {new}"
    ),
    gettext_noop("of {all} in all {count} new ones are not available: no old pod may go"),
    gettext_noop("{name} still has {count} available pods above its size {size}"),
    gettext_noop("scaling down failed: {message}"),
    gettext_noop("recreate: old pods are still there"),
    gettext_noop("the new ReplicaSet waits for them to go"),
    gettext_noop("recreate: {name} goes from {old} to 0"),
    gettext_noop("no ReplicaSet has this template: creates {name}, revision {revision}, {count} replicas"),
    gettext_noop("ReplicaSet {name} becomes revision {revision}"),
    gettext_noop("scaling: {name} goes from {old} to {new}"),
    gettext_noop("proportional scaling to {desired} (+{surge} surge): {name} goes from {old} to {new}"),
    gettext_noop("history: {count} old ReplicaSets, {limit} are kept"),
    gettext_noop("{name} is deleted"),
    gettext_noop("a different ReplicaSet is called {name}: tries another name (collision {count})"),
    gettext_noop("complete: all {count} pods are of {name} and available"),
    gettext_noop("no progress for {seconds} s: the deadline is exceeded"),
    gettext_noop("the status could not be written: {message}"),
    gettext_noop("too few pods: {wanted} wanted, creates {count}"),
    gettext_noop("too many pods: {count} for {wanted} wanted, deletes {names}"),
    gettext_noop("slow start: {count} of {all} pods created, then a refusal"),
    gettext_noop("the rest is for later"),
    gettext_noop("adopts {name}: its labels match and it had no controller"),
    gettext_noop("releases {name}: its labels no longer match"),
    gettext_noop("adopts {name}"),
    # StatefulSets and DaemonSets.
    gettext_noop("{count} pods wanted: creates {name} at {revision}"),
    gettext_noop("{count} pods wanted: deletes {name}, the highest ordinal"),
    gettext_noop("{name} has ended ({phase}): it is deleted, to be made anew under the same name"),
    gettext_noop("rolling update to {revision}, from the highest ordinal down to {partition}: deletes {name}"),
    gettext_noop("rolling update to {revision}: waits for {name}"),
    gettext_noop("waits for {name} to terminate before it scales down further"),
    gettext_noop("waits for {name} to terminate"),
    gettext_noop("waits for {name} to be running and ready before it scales down"),
    gettext_noop("waits for {name} to be running and ready"),
    gettext_noop("waits for {name} to be available: ready for {seconds} s"),
    gettext_noop("{name} waits until the claims of its predecessor are gone"),
    gettext_noop("the template is new: {name} is revision {revision}"),
    gettext_noop("the template is that of {name}: it becomes revision {revision} again"),
    gettext_noop("without a pod: {names}"),
    gettext_noop("deletes {count} pods that are too many, ended, or where they should not be"),
    # Jobs.
    gettext_noop("{count} active pods, {wanted} wanted: creates {missing}"),
    gettext_noop("{count} failures since the last success: the next pod waits {seconds} s more"),
    gettext_noop("{count} pods are still terminating: the Job is not finished yet"),
    gettext_noop("{schedule} was due at {time}: starts {name}"),
    gettext_noop("{name} still runs and concurrencyPolicy is Forbid: starts nothing"),
    gettext_noop("{name} still runs and concurrencyPolicy is Replace: deletes it"),
    gettext_noop("{name} ended {seconds} s ago: it is deleted"),
    # Nodes, evictions, and what is cleared away.
    gettext_noop("no heartbeat of {name} for {seconds} s: nobody knows how it is"),
    gettext_noop("{name}: taint {taint} added"),
    gettext_noop("all {count} nodes are lost: no pod is evicted from any"),
    gettext_noop("{count} of {all} nodes are lost: no pod is evicted from them"),
    gettext_noop("{pod} has to leave {node} for the taints there: {why}"),
    gettext_noop("{pod} puts up with the taints of {node} for {seconds} s more"),
    gettext_noop("{name} does not exist: its {count} pods are deleted by force"),
    gettext_noop("{name} is out of service: {count} terminating pods are deleted by force"),
    gettext_noop("{name} still has an owner: the references to those that are gone are removed"),
    gettext_noop("{name}: its owner {owner} {why}, so it is deleted"),
    gettext_noop("{name}: no dependent is left that blocks its deletion"),
    gettext_noop("{name} waits for {count} dependents"),
    gettext_noop("{name}: {count} dependents are left without it"),
    gettext_noop("{name} is empty"),
    # Services, volumes, quotas, budgets, scaling.
    gettext_noop("{name}: {count} ready addresses in {subsets} subsets"),
    gettext_noop("{name}: {count} endpoints in {slices} slices, {writes} writes"),
    gettext_noop("{name} was gone, and the API server needs it: created again"),
    gettext_noop("claim {claim} is bound to volume {name}"),
    gettext_noop("volume {name}: its claim is gone and its policy is Delete"),
    gettext_noop("claim {claim} is kept: pod {pod} uses it"),
    gettext_noop("used: {usage}"),
    gettext_noop("{count} of {all} pods are healthy, {least} have to be: {allowed} may be disrupted"),
    gettext_noop("{name}: {used} a pod on average: {new} replicas for {old}"),
    gettext_noop("{old} replicas become {new}: {why}"),
    # Scheduler, kubelets, etcd, faults, everybody.
    gettext_noop("{plugins} refused every node: {why}"),
    gettext_noop("{plugin} refused {nodes}: {why}"),
    gettext_noop("{name} → {node}: its volumes are bound"),
    gettext_noop("{name} cannot run {program}: {why}"),
    gettext_noop("back-off {time} restarting failed container={name} pod={pod}"),
    gettext_noop("{name} leads no more: {count} of {all} members hear each other"),
    gettext_noop("{name} leads in term {term}: elected by {votes}, {quorum} are needed"),
    gettext_noop("{fault} begins"),
    gettext_noop("{fault} ends"),
    gettext_noop("will try again: {message}"),
)
_PLACE = re.compile(r"\\\{(\w+)\\\}")


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The patterns, those with more fixed words first: the looser ones would take their notes."""
    by_words = sorted(_PATTERNS, key=lambda pattern: -len(re.sub(r"\{\w+\}", "", pattern)))
    return tuple((re.compile(_PLACE.sub(r"(?P<\1>.+?)", re.escape(one))), one) for one in by_words)


def pattern_of(part: str) -> tuple[str, dict[str, str]] | None:
    """The pattern that a part of a note follows, and what stands at its places; None for none."""
    for pattern, text in _compiled():
        found = pattern.fullmatch(part)
        if found is not None:
            return text, found.groupdict()
    return None


def translated(note: str) -> str:
    """A note in the present language."""
    language = get_language() or "en"
    return note if language.startswith("en") else _translated(note, language)


@lru_cache(maxsize=2000)
def _translated(note: str, language: str) -> str:
    with override(language):
        return gettext(SEPARATOR).join(map(_part, note.split(SEPARATOR)))


def _part(part: str) -> str:
    found = pattern_of(part)
    if found is None:
        return part
    text, values = found
    return gettext(text).format(**values)
