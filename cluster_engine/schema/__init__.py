"""What the API's types look like: fields, types, required fields, merge keys, enums, descriptions. Facts, as data.

`types` answers look-ups (`types.for_kind("apps/v1", "Deployment")`), `decode` reads people's bodies strictly,
`patching` applies patches by a type's merge keys. The API server, the Strategies and kubectl call it. The facts are
compiled once by `python -m cluster_engine.schema.build` and loaded at the first look-up. It must not know the store or
any kind's rules.
"""

from cluster_engine.schema.enums import enum
from cluster_engine.schema.types import Field, FieldType, Type, Types, types

__all__ = ["Field", "FieldType", "Type", "Types", "enum", "types"]
