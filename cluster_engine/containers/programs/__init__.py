"""The programs that containers can run, one function each: called with its process, it runs as a generator.

`registry.py` lists them by name. A program reads and writes through its process and nothing else.
"""
