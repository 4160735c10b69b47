"""The shell of the terminal: a session reads lines, runs commands, and holds a home directory.

A session sits on a cluster; the cluster does not know it. It may use `kubectl` and the client; it must not touch the
host's processes, files or network.
"""
