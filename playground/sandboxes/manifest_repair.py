"""The editor's offer for a pasted manifest that lost its indentation: how it would look, and what has to be asked.

The finding is the engine's (`cluster_engine.schema.indentation`); this file takes what a browser says and tells it the
result. It changes nothing: what is offered is taken or left in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cluster_engine.schema import indentation
from playground.sandboxes.manifest_check import Fault

MAX_ANSWERS = 200


@dataclass(frozen=True, slots=True)
class Repaired:
    """A text with its indentation, what is open in it, and what the editor would say of it."""

    repair: indentation.Repair
    faults: list[Fault]

    def message_fields(self) -> dict[str, Any]:
        questions = [
            {
                "line": question.line, "source": question.source, "chosen": question.chosen,
                "choices": [{"id": c.id, "path": c.path, "is_text": c.is_text} for c in question.choices],
            }
            for question in self.repair.questions
        ]  # fmt: skip
        return {
            "text": self.repair.text, "questions": questions, "more_questions": self.repair.more_questions,
            "faults": [fault.message_fields() for fault in self.faults],
        }  # fmt: skip


NOTHING: dict[str, Any] = {"text": None, "questions": [], "more_questions": 0, "faults": []}


def repair(text: str, answers: Mapping[int, str]) -> indentation.Repair | None:
    """The repaired text; None where it has not lost its indentation, would look the same, or is too long to search."""
    if not indentation.is_flat(text) or text.count("\n") >= indentation.MAX_LINES:
        return None
    found = indentation.repair(text, answers)
    return found if found.text != text else None


def answers_of(said: Mapping[str, Any]) -> dict[int, str]:
    """What a browser answered: `{"8": "spec"}`. What is no answer is left out."""
    return {
        int(line): choice
        for line, choice in list(said.items())[:MAX_ANSWERS]
        if line.isascii() and line.isdigit() and len(line) < 8 and isinstance(choice, str)
    }
