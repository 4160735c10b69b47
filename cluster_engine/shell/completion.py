"""What Tab offers: commands at the beginning, kubectl's own completion after `kubectl`, files elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cluster_engine.kubectl import completion as kubectl
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.process import Output, Stream
from cluster_engine.shell.builtins.registry import BUILTINS
from cluster_engine.shell.environment import Environment

MAX_LENGTH = 10_000
_OPERATOR = re.compile(r"&&|\|\||[|;\n]")
_WORD = re.compile(r"(?:[^\s'\"\\]|\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"|['\"].*\Z)+", re.DOTALL)
_QUOTES = re.compile(r"\\(.)|['\"]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Completion:
    """`candidates` could each replace the text from `start` to the cursor; whole words."""

    start: int
    candidates: list[str] = field(default_factory=list)


def complete(env: Environment, line: str, cursor: int) -> Completion:
    text = line[:cursor]
    if len(text) > MAX_LENGTH:
        return Completion(cursor)
    begin = _command_start(text)
    found = list(_WORD.finditer(text, begin))
    open_word = bool(found) and found[-1].end() == len(text) and not text[-1:].isspace()
    start = found[-1].start() if open_word else len(text)
    partial = _plain(found[-1].group()) if open_word else ""
    words = [_plain(one.group()) for one in (found[:-1] if open_word else found)]
    return Completion(start, _candidates(env, words, partial))


def _command_start(text: str) -> int:
    """Where the last command of the text begins: after the last operator that is not quoted."""
    bare = re.sub(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", lambda found: "x" * len(found[0]), text)
    ends = [found.end() for found in _OPERATOR.finditer(bare)]
    return ends[-1] if ends else 0


def _plain(word: str) -> str:
    return _QUOTES.sub(lambda found: found[1] or "", word)


def _candidates(env: Environment, words: list[str], partial: str) -> list[str]:
    if not words:
        names = {"kubectl", *env.aliases, *(name for name in BUILTINS if name.isalpha())}
        return sorted(name for name in names if name.startswith(partial))
    if words[-1] in (">", ">>", "<"):
        return _files(env, partial)
    if words[0] in env.aliases:
        words = [*env.aliases[words[0]].split(), *words[1:]]
    if words[0] != "kubectl":
        return _files(env, partial)
    cluster = env.cluster
    silent = Output(lambda text: None)
    factory = Factory(cluster.server, cluster.clock, out=silent, err=silent, stdin=Stream(closed=True), files=env.files)
    return kubectl.complete(factory, words[1:], partial)


def _files(env: Environment, partial: str) -> list[str]:
    head = "./" if partial.startswith("./") else ""
    return [head + name for name in env.files.list() if (head + name).startswith(partial)]
