"""How kubectl finds the objects that a line speaks of: words to resources, arguments and files to objects.

Follows k8s.io/cli-runtime/pkg/resource. Used by the commands; it prints nothing.
"""
