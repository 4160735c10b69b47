"""The tree of commands: how a line finds its command, and what `--help` says. Follows github.com/spf13/cobra.

A command's file declares a `Command` with its flags and a `run`; `root.py` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cluster_engine.kubectl.errors import CommandError, ExitCode, FlagError, RequiredFlagsError, usage_error
from cluster_engine.kubectl.flags import Flag, Flags, normalized, parse
from cluster_engine.kubectl.process import Interrupt, Process

if TYPE_CHECKING:
    from cluster_engine.kubectl.factory import Factory


@dataclass(slots=True)
class Invocation:
    """One call of a command: where it runs, its words and its flags."""

    factory: Factory
    command: Command
    path: str
    flags: Flags
    words: list[str]

    @property
    def args(self) -> list[str]:
        return self.flags.args

    def usage_error(self, message: str) -> Exception:
        return usage_error(self.path, message)


@dataclass(slots=True)
class Command:
    """A command or a group of commands. `use` is the part of the usage line after the command's path."""

    name: str
    short: str
    run: Callable[[Invocation], Process] | None = None
    use: str = "[options]"
    long: str = ""
    example: str = ""
    aliases: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    commands: tuple[Command, ...] = ()
    # A word for the head under which `kubectl --help` lists the command.
    group: str = "Other Commands"
    hidden: bool = False
    # A group that prints this instead of its help when it is called with an unknown word.
    unknown_word: Callable[[Invocation], Exception] | None = None
    # What kind of words the arguments are, for completion.
    completes: str = "resources"
    # The exit code of a wrong flag; such a command tells it as a usage error.
    flag_fault_code: int = 0
    # A verb of kubectl's that the terminal's does not have: it takes any words and says so.
    lacking: bool = False
    # What it ends with on Ctrl-C: 1 where the real one heeds the signal (k8s.io/kubectl/pkg/util/interrupt).
    interrupted_code: int = 130
    _names: dict[str, Command] = field(default_factory=dict)

    def find(self, word: str) -> Command | None:
        if not self._names:
            for command in self.commands:
                for name in (command.name, *command.aliases):
                    self._names[name] = command
        return self._names.get(word)


def lacking(name: str, short: str, group: str = "Other Commands") -> Command:
    """A command that kubectl has and the terminal's has not yet: it says so whatever words follow."""
    return Command(name, short, _run_lacking, group=group, completes="nothing", lacking=True)


def _run_lacking(call: Invocation) -> Process:
    name = call.path.removeprefix("kubectl ")
    raise CommandError(f'the terminal\'s kubectl does not have "{name}" yet')
    yield


def resolve(root: Command, words: Sequence[str], global_flags: Sequence[Flag]) -> tuple[Command, str, list[str]]:
    """(command, its path, the words that are left). Flags may stand before and between the names.

    Follows cobra's Find.
    """
    command, path, rest = root, root.name, list(words)
    while command.commands:
        position = _first_word(rest, (*command.flags, *global_flags))
        if position is None:
            break
        child = command.find(rest[position])
        if child is None:
            break
        del rest[position]
        command, path = child, f"{path} {child.name}"
    return command, path, rest


def _first_word(words: Sequence[str], flags: Sequence[Flag]) -> int | None:
    """Where the first word stands that is neither a flag nor a flag's value."""
    long = {flag.name: flag for flag in flags}
    short = {flag.shorthand: flag for flag in flags if flag.shorthand}
    skip = False
    for index, word in enumerate(words):
        if skip:
            skip = False
        elif word == "--":
            return None
        elif word.startswith("--"):
            flag = long.get(normalized(word[2:]))
            skip = "=" not in word and word != "--help" and (flag is None or flag.optional_value is None)
        elif word.startswith("-") and len(word) > 1:
            flag = short.get(word[1])
            skip = len(word) == 2 and word != "-h" and (flag is None or flag.optional_value is None)
        elif word:
            return index
    return None


def execute(root: Command, factory: Factory, words: Sequence[str], global_flags: Sequence[Flag]) -> Process:
    """Runs a line's words, the program's name left out. Raises the errors of `errors.py`."""
    command, path, rest = resolve(root, words, global_flags)
    if command is root:
        _refuse_unknown(root, rest, global_flags)
    if command.lacking and command.run is not None and not {"-h", "--help"} & set(rest):
        return (yield from command.run(Invocation(factory, command, path, parse([], ()), list(words))))
    try:
        own = {flag.name for flag in command.flags}
        flags = parse(rest, (*command.flags, *(flag for flag in global_flags if flag.name not in own)))
    except FlagError as error:
        if command.flag_fault_code:
            message = usage_error(path, str(error)).message
            raise CommandError(message, command.flag_fault_code) from None
        raise FlagError(f"{error}\nSee '{path} --help' for usage.") from None
    call = Invocation(factory, command, path, flags, list(words))
    for text in flags.deprecations:
        factory.err.line(text)
    if flags.on("help"):
        factory.out.write(help_text(command, path))
        return 0
    factory.use_flags(flags, own)
    _tell_of_old_dry_run(factory, flags)
    if command.run is None:
        if flags.args:
            unknown = command.unknown_word
            raise unknown(call) if unknown else call.usage_error(f'unknown command "{" ".join(flags.args)}"')
        factory.out.write(help_text(command, path))
        raise ExitCode(0 if command is root else 1)
    missing = [flag.name for flag in command.flags if flag.required and not flags.changed(flag.name)]
    if missing:
        raise RequiredFlagsError(sorted(missing))
    try:
        return (yield from command.run(call))
    except Interrupt as interrupt:
        interrupt.code = command.interrupted_code
        raise


def _tell_of_old_dry_run(factory: Factory, flags: Flags) -> None:
    """Follows cmdutil.GetDryRunStrategy."""
    value = flags.string("dry-run") if flags.has("dry-run") else ""
    if value == "unchanged":
        factory.log("W", "helpers.go:702] --dry-run is deprecated and can be replaced with --dry-run=client.")
    elif value in ("true", "false"):
        strategy = "client" if value == "true" else "none"
        factory.log(
            "W",
            f"helpers.go:716] --dry-run={value} is deprecated (boolean value) and can be replaced with "
            f"--dry-run={strategy}.",
        )


def _refuse_unknown(root: Command, words: Sequence[str], global_flags: Sequence[Flag]) -> None:
    position = _first_word(words, global_flags)
    if position is None:
        return
    flag = next((word for word in words[:position] if word.startswith("-")), None)
    if flag is not None and _is_unknown(flag, global_flags):
        raise FlagError(f"flags cannot be placed before plugin name: {flag}")
    word = words[position]
    text = f'unknown command "{word}" for "{root.name}"'
    guesses = suggestions(root, word)
    if guesses:
        text += "\n\nDid you mean this?\n" + "".join(f"\t{guess}\n" for guess in guesses)
    raise FlagError(text)


def _is_unknown(word: str, flags: Sequence[Flag]) -> bool:
    name = normalized(word.lstrip("-").partition("=")[0])
    if word.startswith("--"):
        return all(flag.name != name for flag in flags)
    return all(flag.shorthand != name[:1] for flag in flags)


def suggestions(root: Command, word: str) -> list[str]:
    """Names of commands that begin so, or are two edits away at most. Follows cobra's SuggestionsFor."""
    typed = word.lower()
    return [
        command.name
        for command in root.commands
        if not command.hidden and (command.name.startswith(typed) or _distance(typed, command.name) <= 2)
    ]


def _distance(left: str, right: str) -> int:
    """The Levenshtein distance."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def help_text(command: Command, path: str) -> str:
    """What `--help` prints."""
    parts = [command.long or command.short]
    if len(command.aliases) > 0 and command.run is not None:
        parts.append("Aliases:\n" + ", ".join((command.name, *command.aliases)))
    if command.example:
        parts.append("Examples:\n" + "\n".join(f"  {line}".rstrip() for line in command.example.splitlines()))
    parts.extend(_command_lists(command))
    shown = sorted(
        (flag for flag in command.flags if not flag.hidden and not flag.deprecated), key=lambda flag: flag.name
    )
    if shown:
        parts.append("Options:\n" + "\n\n".join(flag_help(flag) for flag in shown))
    parts.append(f"Usage:\n  {path} {command.use}")
    if command.commands:
        parts.append(f'Use "{path} <command> --help" for more information about a given command.')
    return "\n\n".join(parts) + "\n"


def _command_lists(command: Command) -> Iterator[str]:
    shown = [child for child in command.commands if not child.hidden]
    groups = list(dict.fromkeys(child.group for child in shown))
    for group in groups:
        head = group if len(groups) > 1 else "Available Commands"
        members = [child for child in shown if child.group == group]
        width = max(15, *(len(child.name) + 2 for child in members))
        yield f"{head}:\n" + "\n".join(f"  {child.name:<{width}} {child.short}".rstrip() for child in members)


def flag_help(flag: Flag) -> str:
    initial = flag.initial
    if flag.shown is not None:
        value = flag.shown
    elif flag.kind == "bool":
        value = "true" if initial else "false"
    elif flag.kind in ("stringSlice", "stringArray"):
        value = "[" + ",".join(initial) + "]"
    elif flag.kind == "duration":
        value = f"{initial:g}s"
    elif flag.kind == "string":
        value = f"'{initial}'"
    else:
        value = str(initial)
    head = f"-{flag.shorthand}, " if flag.shorthand else ""
    return f"    {head}--{flag.name}={value}:\n\t{flag.help}"
