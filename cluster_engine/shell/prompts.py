"""Pasted prompts: people copy `[root@k8s-master01 2.2.7]# kubectl get po` from a tutorial, prompt and all."""

from __future__ import annotations

import re
from collections.abc import Callable

_FULL = re.compile(r"\s*(?:\[[^\]\n]{1,80}@[^\]\n]{1,80}\]|[\w.-]{1,40}@[\w.-]{1,60}:[^\s#$]{0,80})\s?[#$]\s+")
_SHORT = re.compile(r"\s*[#$%]\s+(?=(\S+))")
# Words that begin a command and are none.
RESERVED = frozenset({"for", "while", "until", "if", "case", "export", "[[", "time", "function", "select", "{", "("})
# `#kubectl get po` alone is a prompt; among other lines it is a command that somebody commented out.
_BARE = re.compile(r"\s*#(?=kubectl\s)")
_HERE = re.compile(r"<<-?\s*(['\"]?)([A-Za-z_]\w*)\1")


def without_prompts(text: str, is_command: Callable[[str], bool]) -> str:
    """The lines without what looks like a prompt in front of a command. Here-documents stay as they are.

    A lone `#` or `$` counts only before the name of a command, since `# …` may well be a comment.
    """
    if "\n" not in text.strip() and (bare := _BARE.match(text)):
        return text[bare.end() :]
    lines: list[str] = []
    ends: list[str] = []
    for line in text.split("\n"):
        if ends:
            if line.strip("\t") == ends[0]:
                ends.pop(0)
            lines.append(line)
            continue
        stripped = _stripped(line, is_command)
        lines.append(stripped)
        ends.extend(found[2] for found in _HERE.finditer(stripped))
    return "\n".join(lines)


def _stripped(line: str, is_command: Callable[[str], bool]) -> str:
    full = _FULL.match(line)
    if full:
        return line[full.end() :]
    short = _SHORT.match(line)
    if short and is_command(short[1]):
        return line[short.end() :]
    return line
