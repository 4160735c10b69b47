"""Arguments of the form `TYPE NAME KEY=VALUE KEY-`. Follows cmdutil.GetResourcesAndPairs and ParsePairs."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_engine.kubectl.errors import CommandError


def split(args: Sequence[str], kind: str) -> tuple[list[str], list[str]]:
    """(resources, pairs). Once a pair was seen, everything is one."""
    resources: list[str] = []
    pairs: list[str] = []
    for word in args:
        is_pair = ("=" in word and not word.startswith("=")) or (len(word) > 1 and word.endswith("-"))
        if pairs and not is_pair:
            raise CommandError(f"all resources must be specified before {kind} changes: {word}")
        (pairs if is_pair else resources).append(word)
    return resources, pairs


def parse(pairs: Sequence[str], kind: str, *, removals: bool) -> tuple[dict[str, str], list[str]]:
    """(what is set, what is removed)."""
    new: dict[str, str] = {}
    remove: list[str] = []
    bad: list[str] = []
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if equals and key:
            new[key] = value
        elif removals and pair.endswith("-") and pair != "-":
            remove.append(pair[:-1])
        else:
            bad.append(pair)
    if bad:
        raise CommandError(f"invalid {kind} format: {', '.join(bad)}")
    both = [key for key in remove if key in new]
    if both:
        raise CommandError(
            f"can not both modify and remove the following {kind}(s) in the same command: {', '.join(both)}"
        )
    return new, remove
