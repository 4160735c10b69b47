"""The commands of the shell beside kubectl: each a function from the session's state, words and streams to a process."""
