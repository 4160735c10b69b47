"""The commands by name."""

from __future__ import annotations

from cluster_engine.shell.builtins import basics, filesystem, text
from cluster_engine.shell.environment import Builtin

BUILTINS: dict[str, Builtin] = {
    ":": basics.true,
    "alias": basics.alias,
    "cat": filesystem.cat,
    "clear": basics.clear,
    "cut": text.cut,
    "date": filesystem.date,
    "echo": basics.echo,
    "export": basics.export,
    "false": basics.false,
    "grep": text.grep,
    "head": text.head,
    "help": basics.help_,
    "history": basics.history,
    "ls": filesystem.ls,
    "ll": filesystem.ls,
    "pwd": basics.pwd,
    "rm": filesystem.rm,
    "sleep": basics.sleep,
    "sort": text.sort,
    "tail": text.tail,
    "tee": filesystem.tee,
    "touch": filesystem.touch,
    "true": basics.true,
    "unalias": basics.unalias,
    "uniq": text.uniq,
    "unset": basics.unset,
    "wc": text.wc,
}
