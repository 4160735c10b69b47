"""The commands of the shell beside kubectl.

Each is a function from the session's state, the words after its name and its streams to a process.
"""
