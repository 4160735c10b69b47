"""What was wrong with an edited file: comments at the head of the next one. Follows editHeader and editResults."""

from __future__ import annotations

from dataclasses import dataclass, field

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.kubectl.resource.builder import is_not_found
from cluster_engine.kubectl.resource.mapper import Info

# The words that everybody finds at the head of the file.
_HEADER = (
    "# Please edit the object below. Lines beginning with a '#' will be ignored,\n"
    "# and an empty file will abort the edit. If an error occurs while saving this file will be\n"
    "# reopened with the relevant failures.\n#\n"
)
_APPLIED_HEADER = (
    "# Please edit the 'last-applied-configuration' annotations below.\n"
    "# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.\n#\n"
)


@dataclass(slots=True)
class Report:
    """What the server said to one edited file."""

    # (what is wrong, the details), for the head of the next file.
    reasons: list[tuple[str, list[str]]] = field(default_factory=list)
    # How many objects could be tried again, and how many are gone.
    retryable: int = 0
    not_found: int = 0
    # Whether something is to be edited again.
    again: bool = False

    def refuse(self, info: Info, causes: list[str]) -> str:
        """An object is not valid; what is told at once."""
        name = f'{info.resource.group_resource} "{info.name}"'
        self.reasons.append((f"{name} was not valid", causes))
        self.again = True
        return f"error: {name} is invalid"

    def add(self, info: Info, error: ApiError) -> str:
        """An answer of the server's; what is told at once."""
        name = f'{info.resource.group_resource} "{info.name}"'
        if error.reason == "Invalid":
            causes = (error.details or {}).get("causes") or []
            return self.refuse(info, [f"{one.get('field', '')}: {one.get('message', '')}" for one in causes])
        if is_not_found(error):
            self.not_found += 1
            return f"error: {name} could not be found on the server"
        self.retryable += 1
        return f"error: {name} could not be patched: {error.message}"

    def header(self, *, last_applied: bool) -> str:
        parts = [_APPLIED_HEADER if last_applied else _HEADER]
        for head, details in self.reasons:
            parts.append(f"# {_hashed(head)}{':' if details else ''}\n")
            parts.extend(f"# * {_hashed(detail)}\n" for detail in details)
            parts.append("#\n")
        return "".join(parts)


def _hashed(text: str) -> str:
    """The text as a comment, however many lines it has."""
    lines = text.split("\n")
    return "\n".join([lines[0], *(line if line.startswith("#") else f"# {line}" for line in lines[1:])])
