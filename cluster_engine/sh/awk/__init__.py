"""A small awk: patterns and actions, fields, variables, arrays, functions of text. Bounded, and without a way outside.

`parser.py` makes a tree of nested tuples, `interpreter.py` runs it over records. Used by the terminal and in
containers.
"""
