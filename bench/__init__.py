"""Measurements, not tests: `make bench` prints one JSON object. Each figure says in its name what it is and in which
unit.
"""
