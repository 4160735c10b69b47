"""Classrooms: what instructors see. In its first form: the sessions that there are, each of them read-only and live.

It reads through the sandboxes' gateway and changes nothing.
"""
