"""How kubectl prints objects: tables, names, JSON, YAML, templates. Follows k8s.io/cli-runtime/pkg/printers.

Printers take objects and give text; they ask nobody.
"""
