"""The shell of the terminal: a session reads lines, runs commands, and holds a home directory.

A session sits on a cluster; the cluster does not know it. It may use `kubectl` and the client; it must not touch the
host's processes, files or network.

`session.py` is the component that the site drives; `parse.py` makes a tree of a line, `expand.py` words of its parts,
`interpreter.py` runs the tree, `pipeline.py` joins commands by pipes, `builtins/` are the commands beside kubectl.
Every command is a `Process` (kubectl/process.py) that reads a `Stream` and writes to `Output`s, so that any of them can
stand in a pipe.
"""
