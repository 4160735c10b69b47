"""`awk`: its options and files; the language is `cluster_engine/sh/awk`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.containers.pipe import read_line
from cluster_engine.containers.process import decode
from cluster_engine.containers.programs.options import UsageFault, arguments, checked, inputs
from cluster_engine.containers.runner import Program
from cluster_engine.sh.awk.interpreter import AwkFault
from cluster_engine.sh.awk.interpreter import Program as AwkProgram
from cluster_engine.sh.awk.lexer import AwkSyntaxError
from cluster_engine.sh.awk.parser import parse
from cluster_engine.sh.format import escaped

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

USAGE = "usage: awk [-F fs][-v var=value][prog | -f progfile][file ...]"


@checked
def awk(process: Process) -> Program:
    queue = arguments(process)
    options: list[tuple[str, str]] = []
    while queue and queue[0].startswith("-") and len(queue[0]) > 1:
        word = queue.pop(0)
        if word == "--":
            break
        if word[1] not in "Fvf":
            raise UsageFault(f"unrecognized option: {word[1]}")
        if len(word) == 2 and not queue:
            raise UsageFault(f"option requires an argument -- '{word[1]}'")
        options.append((word[1], word[2:] or queue.pop(0)))
    sources = [decode(process.fs.read(path, process.cwd, process.user)) for letter, path in options if letter == "f"]
    if not sources:
        if not queue:
            raise UsageFault(USAGE)
        sources = [queue.pop(0)]
    try:
        program = AwkProgram(parse("\n".join(sources)), process.out, process.env, process.pod.rng)
        for letter, value in options:
            if letter == "F":
                program.variables["FS"] = "\t" if value == "t" else escaped(value)[0]
            elif letter == "v":
                name, _, text = value.partition("=")
                program.assign_text(name, escaped(text)[0])
        return (yield from _run(process, program, queue))
    except (AwkSyntaxError, AwkFault) as error:
        raise UsageFault(str(error)) from None


def _run(process: Process, program: AwkProgram, words: list[str]) -> Program:
    program.begin()
    good = True
    if program.reads_input and not program.ended:
        files = []
        for word in words:
            name, equals, value = word.partition("=")
            if equals and name.isidentifier():
                program.assign_text(name, value)
            else:
                files.append(word)
        if files:
            found, good = yield from inputs(process, files)
            for path, data in found:
                program.next_file(path)
                for line in decode(data).splitlines():
                    if not program.ended:
                        program.record(line)
        else:
            while not program.ended and (line_read := (yield from read_line(process.stdin))):
                program.record(decode(line_read).removesuffix("\n"))
    code = program.end()
    return code if good else 2
