"""`sed` and `awk`: their options and files; the languages are in `cluster_engine/sh`."""

from __future__ import annotations

from cluster_engine.kubectl.process import Process, Wait, read_chunks
from cluster_engine.sh import sed as sed_script
from cluster_engine.sh.awk.interpreter import AwkFault, Program
from cluster_engine.sh.awk.parser import AwkSyntaxError
from cluster_engine.sh.awk.parser import parse as parse_awk
from cluster_engine.sh.format import escaped
from cluster_engine.shell.builtins.arguments import OptionError, lines, read, split, texts
from cluster_engine.shell.environment import SLICE_US, Environment, Streams

_LINES_A_SLICE = 500


def sed(env: Environment, args: list[str], streams: Streams) -> Process:
    try:
        long = {"quiet": "n", "silent": "n", "regexp-extended": "E", "expression": "e", "in-place": "i"}
        args = ["-i" if arg.startswith("-i") else arg for arg in args]
        options, words = read(args, "nErsiuz", several="ef", long=long)
        if "f" in options:
            script = "\n".join(env.files.read(path) for path in options["f"].split("\n"))
        elif "e" in options:
            script = options["e"]
        elif words:
            script = words.pop(0)
        else:
            streams.err.line("Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...")
            return 1
        commands = sed_script.parse(script, extended="E" in options or "r" in options)
    except (OptionError, sed_script.SedFault) as error:
        streams.err.line(f"sed: {error}")
        return 1
    quiet = "n" in options
    if "i" in options:
        found, good = yield from texts(env, "sed", words, streams)
        for name, text in found:
            parts: list[str] = []
            again = sed_script.parse(script, extended="E" in options or "r" in options)
            sed_script.Editor(again, parts.append, quiet=quiet).run(split(text))
            if name:
                env.files.write(name, "".join(parts))
        return 0 if good else 2
    whole, good = yield from lines(env, "sed", words, streams)
    code = sed_script.Editor(commands, streams.out.write, quiet=quiet).run(whole)
    return code if good else 2


def awk(env: Environment, args: list[str], streams: Streams) -> Process:
    """Reads standard input line by line as it comes, so that `kubectl get -w | awk` works."""
    try:
        options, words = read(_before_program(args), "", "F", several="vf")
        if "f" in options:
            text = "\n".join(env.files.read(path) for path in options["f"].split("\n"))
        elif words:
            text = words.pop(0)
        else:
            streams.err.line("usage: awk [-F fs][-v var=value][prog | -f progfile][file ...]")
            return 2
        program = Program(parse_awk(text), streams.out.write, dict(env.variables), env.rng)
        if "F" in options:
            program.variables["FS"] = "\t" if options["F"] == "t" else escaped(options["F"])[0]
        for assignment in options["v"].split("\n") if "v" in options else []:
            name, _, value = assignment.partition("=")
            program.assign_text(name, escaped(value)[0])
    except (OptionError, AwkSyntaxError) as error:
        streams.err.line(f"awk: {error}")
        return 2
    try:
        return (yield from _run(env, program, words, streams))
    except AwkFault as error:
        streams.err.line(f"awk: {error}")
        return 2


def _before_program(args: list[str]) -> list[str]:
    """Options end at the program: what follows are files, whatever they look like."""
    for index, arg in enumerate(args):
        previous = args[index - 1] if index else ""
        if not arg.startswith("-") and previous not in ("-F", "-v", "-f"):
            return [*args[:index], "--", *args[index:]] if "--" not in args[:index] else args
    return args


def _run(env: Environment, program: Program, words: list[str], streams: Streams) -> Process:
    program.begin()
    good = True
    if program.reads_input and not program.ended:
        files = []
        for word in words:
            name, equals, value = word.partition("=")
            if equals and name.isidentifier() and not env.files.is_file(word):
                program.assign_text(name, value)
            else:
                files.append(word)
        if files:
            found, good = yield from texts(env, "awk", files, streams)
            for name, text in found:
                program.next_file(name)
                yield from _records(env, program, split(text))
        else:
            yield from _from_stdin(env, program, streams)
    return program.end() if good else 2


def _records(env: Environment, program: Program, found: list[str]) -> Process:
    for index, line in enumerate(found):
        if program.ended:
            break
        program.record(line)
        if index % _LINES_A_SLICE == _LINES_A_SLICE - 1:
            yield Wait(deadline_us=env.cluster.clock.now_us + SLICE_US)
    return 0


def _from_stdin(env: Environment, program: Program, streams: Streams) -> Process:
    rest = ""
    while not program.ended and (chunk := (yield from read_chunks(streams.stdin))):
        *whole, rest = (rest + chunk).split("\n")
        yield from _records(env, program, whole)
    if rest and not program.ended:
        program.record(rest)
    return 0
