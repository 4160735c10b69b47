"""Lessons: read from `lessons/`, shown beside the terminal, ticked off by themselves.

`catalogue` loads and validates the lesson files, `checks` evaluates what a step asks of the cluster, `progress` keeps
what somebody has reached. It reads a cluster only through the client it is given, and never writes to it.
"""
