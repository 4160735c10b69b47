"""`kubectl explain`: what a kind's fields are. Follows k8s.io/kubectl/pkg/explain/v2.

`nodes.py` makes a tree of a kind's schema (the published one, or a CustomResourceDefinition's), `render.py` prints it,
`command.py` is the command.
"""
