"""Faults: how they begin, what they show, and how they heal."""
