"""A limit on everything that people send or keep, and the words that say so."""

from __future__ import annotations

import re

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from cluster_engine.shell.looks import NAMES as LOOKS

KIB = 1024
MIB = 1024 * KIB

MAX_SANDBOXES_PER_USER = 20
MAX_OBJECTS = 5_000
MAX_FILES = 100
MAX_FILE_BYTES = MIB
MAX_PATH_CHARACTERS = 200
MAX_LINE_CHARACTERS = 64 * KIB
MAX_FRAME_BYTES = 3 * MIB
MAX_TERMINALS = 8
MAX_COLUMNS = 1000
MAX_QUEUED_COMMANDS = 50
MAX_OUTPUT_CHARACTERS = 2 * MIB  # of one command, kept and sent
MIN_SPEED, MAX_SPEED = 0.1, 100.0

# The journal of one sandbox: beyond the bound, the oldest rows are folded into the snapshot before them.
MAX_REVISION_ROWS = 20_000
KEPT_REVISION_ROWS = 10_000

# What a live sandbox keeps in memory for browsers that come back, and for those that arrive.
FEED_ENTRIES = 8_000
HISTORY_COMMANDS = 500
HISTORY_CHARACTERS = 4 * MIB
TIMELINE_STEPS = 300

_TERMINAL = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")
_PATH_PART = re.compile(r"[^\x00-\x1f\x7f/]{1,100}\Z")


class LimitError(ValueError):
    """Something is larger, longer or more than a sandbox takes; the message says what, and how much it takes.

    It is put into words when it is read, in the language of whoever reads it: `message` is a msgid that `values` fill.
    """

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message)
        self._message, self._values = message, values

    def __str__(self) -> str:
        text = gettext(self._message)
        return text.format(**self._values) if self._values else text


def shown_bytes(count: int) -> str:
    """A number of bytes for people, e.g. `4.8 MiB`."""
    return f"{count / MIB:.1f} MiB" if count >= MIB else f"{max(1, count // KIB)} KiB"


def check_frame(size_bytes: int) -> None:
    if size_bytes > MAX_FRAME_BYTES:
        raise LimitError(
            _(
                "that is {size}; at most {limit} can be sent at once. "
                "Nothing was changed. Split the text into smaller files and try again."
            ),
            size=shown_bytes(size_bytes), limit=shown_bytes(MAX_FRAME_BYTES),
        )


def check_line(line: str) -> None:
    if len(line) > MAX_LINE_CHARACTERS:
        raise LimitError(
            _(
                "the command line has {count} characters; a terminal takes at most {limit} at once. "
                "Paste long manifests into the editor instead."
            ),
            count=f"{len(line):,}", limit=f"{MAX_LINE_CHARACTERS:,}",
        )


def check_terminal(name: str) -> None:
    if not _TERMINAL.match(name):
        raise LimitError(_("a terminal's name has 1 to 32 letters, digits, '-' or '_'"))


def check_path(path: str) -> None:
    """A file's path: relative, without `.` and `..`, at most `MAX_PATH_CHARACTERS` long."""
    parts = path.split("/")
    if len(path) > MAX_PATH_CHARACTERS or any(part in (".", "..") or not _PATH_PART.match(part) for part in parts):
        raise LimitError(
            _("{path} is no name for a file: use letters, digits, '-', '_' and '.', and '/' between folders"),
            path=repr(path[:80]),
        )


def check_text(path: str, text: str) -> None:
    size_bytes = len(text.encode("utf-8", "replace"))
    if size_bytes > MAX_FILE_BYTES:
        raise LimitError(
            _("{path} has {size}; a file may have at most {limit}"),
            path=path, size=shown_bytes(size_bytes), limit=shown_bytes(MAX_FILE_BYTES),
        )


def check_look(look: str) -> None:
    if look not in LOOKS:
        raise LimitError(_("a look is one of: {looks}"), looks=", ".join(LOOKS))


def check_size(columns: int, rows: int) -> None:
    if not (1 <= columns <= MAX_COLUMNS and 1 <= rows <= MAX_COLUMNS):
        raise LimitError(_("a terminal has 1 to {limit} columns and rows"), limit=MAX_COLUMNS)


def check_speed(speed: float) -> None:
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise LimitError(
            _("the speed must lie between {least} and {most}"), least=f"{MIN_SPEED:g}", most=f"{MAX_SPEED:g}"
        )
