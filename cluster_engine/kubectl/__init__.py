"""The terminal's kubectl: a genuine client of the sandbox's API server, one file a command.

Follows k8s.io/kubectl/pkg/cmd (v1.32): Complete, Validate, Run. It reads and writes through requests only, prints tables
that the server made, and must not read the engine's insides.

`root.main(factory, words)` runs a line as a `Process` (`process.py`), a generator that yields what it waits for;
`factory.py` is what a command is given, `command.py` the tree of commands, `flags.py` their flags, `errors.py` what is
said when something is wrong, `resource/` how objects are found, `printers/` and `describe/` how they are shown.
"""
