"""Finds all placements of all entries of a document that offend least, and what they disagree on.

Entry by entry, every stack that can be open is kept once, with the least that it costs to come there (a shortest path
through layers). Then the same backwards, so that of each step it is known whether it lies on a best path. Walking the
path that is suggested, a place where several best steps part is a question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cluster_engine.schema.indentation.frames import Stack, Step, closing, steps
from cluster_engine.schema.indentation.reading import Entry

MAX_STATES = 120  # kept of one layer
SLACK = 10  # what may offend more than the best so far and still be kept: some things are only known later
MAX_WORK = 100_000  # states of all layers together: long texts keep fewer of each
FEWEST_STATES = 24
AHEAD = 3  # entries that may be looked at before they come
_NEVER = 1 << 30

Layer = dict[Stack, list[Step]]


@dataclass(frozen=True, slots=True)
class Choice:
    """One place for a line: in the field at `path` ("" is the top), or as `text` of it."""

    id: str
    path: str
    is_text: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A line (from 1) with several places that are equally good. `chosen` is the id of the one that is taken now."""

    line: int
    source: str
    choices: tuple[Choice, ...]
    chosen: str


@dataclass(frozen=True, slots=True)
class Found:
    """The column of each entry, the questions, and how much the whole offends."""

    columns: tuple[int, ...]
    questions: tuple[Question, ...]
    hard: int


def search(entries: Sequence[Entry], start: Stack, answers: Mapping[int, str]) -> Found:
    """The best placements of a document's entries. An answer that no placement fits is not heeded."""
    layers, last = _forward(entries, start)
    return _walk(entries, start, layers, _backward(layers, last), answers)


def _forward(entries: Sequence[Entry], start: Stack) -> tuple[list[Layer], Sequence[Stack]]:
    """For each entry the stacks before it, each with the steps that can follow; and the stacks at the end."""
    bound = max(FEWEST_STATES, min(MAX_STATES, MAX_WORK // max(1, len(entries))))
    costs: dict[Stack, tuple[int, int]] = {start: (0, 0)}
    layers: list[Layer] = []
    for index, entry in enumerate(entries):
        following = entries[index + 1 : index + 1 + AHEAD]
        layer = {stack: list(steps(entry, stack, following)) for stack in costs}
        after: dict[Stack, tuple[int, int]] = {}
        for stack, found in layer.items():
            hard, soft = costs[stack]
            for step in found:
                cost = (hard + step.hard, soft + step.soft)
                if cost < after.get(step.stack, (_NEVER, 0)):
                    after[step.stack] = cost
        layers.append(layer)
        worst = min(after.values())[0] + SLACK
        kept = sorted((stack for stack, cost in after.items() if cost[0] <= worst), key=after.__getitem__)[:bound]
        costs = {stack: after[stack] for stack in kept}
    return layers, list(costs)


def _backward(layers: Sequence[Layer], last: Sequence[Stack]) -> list[dict[Stack, tuple[int, int]]]:
    """Before each entry and at the end: what it costs at least to come to the end, of each stack that gets there."""
    to_go: dict[Stack, tuple[int, int]] = {stack: (sum(closing(frame) for frame in stack), 0) for stack in last}
    result = [to_go]
    for layer in reversed(layers):
        before: dict[Stack, tuple[int, int]] = {}
        for stack, found in layer.items():
            costs = [(rest[0] + s.hard, rest[1] + s.soft) for s in found if (rest := to_go.get(s.stack)) is not None]
            if costs:
                before[stack] = min(costs)
        to_go = before
        result.append(to_go)
    return result[::-1]


def _walk(
    entries: Sequence[Entry],
    start: Stack,
    layers: Sequence[Layer],
    to_go: Sequence[Mapping[Stack, tuple[int, int]]],
    answers: Mapping[int, str],
) -> Found:
    """The suggested path, but where an answer leads elsewhere, and all questions on it, answered or not."""
    stack = start
    columns: list[int] = []
    questions: list[Question] = []
    for index, entry in enumerate(entries):
        rests = to_go[index + 1]
        ways = [
            (rests[step.stack][0] + step.hard, rests[step.stack][1] + step.soft, step)
            for step in layers[index][stack]
            if step.stack in rests
        ]
        least = min(hard for hard, _, _ in ways)
        best = [(soft, step) for hard, soft, step in ways if hard == least]
        suggested = min(best, key=lambda way: way[0])[1]
        places = dict.fromkeys([suggested.place, *(step.place for _, step in best)])
        answer = answers.get(entry.line + 1)
        chosen = next((step for _, step in best if step.place == answer), suggested)
        if len(places) > 1:
            choices = tuple(_choice(place) for place in places)
            questions.append(Question(entry.line + 1, entry.source, choices, chosen.place))
        columns.append(chosen.column)
        stack = chosen.stack
    return Found(tuple(columns), tuple(questions), to_go[0][start][0])


def _choice(place: str) -> Choice:
    return Choice(place, place.lstrip("=+"), place[:1] in ("=", "+"))
