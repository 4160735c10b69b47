"""The commands that a shell runs itself, by name. Each is called with the shell and its words, its own name first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cluster_engine.containers.runner import Program
from cluster_engine.containers.shell.builtins import control, jobs, options, variables, words

if TYPE_CHECKING:
    from cluster_engine.containers.shell.interpreter import Shell

Builtin = Callable[["Shell", list[str]], Program]

BUILTINS: dict[str, Builtin] = {
    ":": words.true,
    ".": control.source,
    "[": words.test_,
    "alias": words.true,
    "break": control.break_,
    "builtin": control.command,
    "cd": words.cd,
    "command": control.command,
    "continue": control.break_,
    "declare": variables.local,
    "echo": words.echo,
    "eval": control.eval_,
    "exec": control.exec_,
    "exit": control.exit_,
    "export": variables.export,
    "false": words.false,
    "getopts": options.getopts,
    "hash": words.true,
    "jobs": jobs.jobs,
    "kill": jobs.kill,
    "let": variables.let,
    "local": variables.local,
    "printf": words.printf,
    "pwd": words.pwd,
    "read": variables.read,
    "readonly": variables.readonly,
    "return": control.return_,
    "set": variables.set_,
    "shift": variables.shift,
    "shopt": words.true,
    "source": control.source,
    "test": words.test_,
    "trap": jobs.trap,
    "true": words.true,
    "type": control.type_,
    "typeset": variables.local,
    "ulimit": words.ulimit,
    "umask": words.umask,
    "unalias": words.true,
    "unset": variables.unset,
    "wait": jobs.wait,
}
# After these, assignments before the command stay.
SPECIAL = frozenset(": . break continue eval exec exit export readonly return set shift source trap unset".split())
