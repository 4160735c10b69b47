"""Which lines only look: they change nothing in the cluster and no file, whatever they print.

Looking is free: it does not count in command golf, and what was taken back can still be done again after it. A line
that is in doubt counts as doing.
"""

from __future__ import annotations

import re

_KUBECTL = frozenset(
    "get describe explain logs top version api-resources api-versions cluster-info diff events wait options help"
    " completion kustomize".split()
)
_KUBECTL_PAIRS = {
    "rollout": frozenset({"status", "history"}),
    "auth": frozenset({"can-i", "whoami"}),
    "config": frozenset("view get-contexts current-context get-clusters get-users".split()),
}
_SHELL = frozenset(
    "awk base64 cat clear cut date echo env expr false fg grep head help history hostname jobs jq less ls more nl"
    " nslookup printf pwd sleep sort tail test time tr true type uniq watch wc which whoami yq [ :".split()
)
_WORDS = frozenset("do done then else fi if while until for ! { }".split())
_ENDS = re.compile(r"\|\||&&|[|;&\n]")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\\.", re.DOTALL)
_WRITES = re.compile(r"[0-9]?>>?\s*(?!/dev/null|&)\S")
_FLAG_VALUES = frozenset({"-n", "--namespace", "--context", "--kubeconfig", "-s", "--server"})


def only_looks(line: str) -> bool:
    """Whether every command of a line only looks; an empty line does."""
    bare = _QUOTED.sub("q", line)
    return not _WRITES.search(bare) and "$(" not in bare and "`" not in bare and all(map(_looks, _ENDS.split(bare)))


def doing(line: str) -> int:
    """How many of a line's commands do something: what counts in command golf."""
    parts = [part for part in _ENDS.split(_QUOTED.sub("q", line)) if part.strip()]
    return sum(not only_looks(part) for part in parts)


def _looks(command: str) -> bool:
    words = [word for word in command.split() if not re.match(r"\w+=", word)]
    while words and words[0] in _WORDS:
        if words[0] == "for":
            return True  # `for i in 1 2 3` alone does nothing
        words = words[1:]
    if not words or words[0].startswith("#"):
        return True
    name, *rest = words
    if name == "watch":
        return _looks(" ".join(rest)) if "kubectl" in rest else True
    if name in ("kubectl", "k"):
        return _kubectl_looks(rest)
    return name in _SHELL


def _kubectl_looks(words: list[str]) -> bool:
    plain: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in _FLAG_VALUES:
            skip = True
        elif not word.startswith("-"):
            plain.append(word)
    if not plain:
        return True
    verb = plain[0]
    return verb in _KUBECTL or (verb in _KUBECTL_PAIRS and len(plain) > 1 and plain[1] in _KUBECTL_PAIRS[verb])
