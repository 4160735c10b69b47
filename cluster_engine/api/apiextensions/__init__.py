"""CustomResourceDefinitions, and the objects of the kinds that they define.

`customresourcedefinition.py` and `validation.py` are the rules of definitions (with `version_parts.py`, and for schemas
`structural.py` and `schema_rules.py`); `customresource.py` those of objects (with `coercion.py`, `values.py`,
`formats.py`, `embedded.py`, `columns.py`, `scale.py` and `nodes.py`). Used by the registry and the API server; holds
no state.
"""
