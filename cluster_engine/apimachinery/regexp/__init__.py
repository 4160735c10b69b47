"""Regular expressions as Go's `regexp` has them (RE2): what they match, and what is wrong with those that are none.

Patterns and texts come from strangers, so that Python's own engine, whose time can grow exponentially, will not do.
Only whether a text has a match is ever asked. Used by the schemas of custom resources.
"""

from cluster_engine.apimachinery.regexp.machine import Matcher, compile_pattern
from cluster_engine.apimachinery.regexp.parser import RegexpError

__all__ = ["Matcher", "RegexpError", "compile_pattern"]
