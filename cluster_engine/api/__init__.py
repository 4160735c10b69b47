"""The kinds: per kind a Strategy with its defaults, validation, preparation and table columns.

Follows pkg/registry/<group>/<kind>/strategy.go and pkg/apis/<group>/{v1/defaults,validation}. A new kind is a new file
`api/<group>/<kind>.py` and a line in `api/registry.py`. Strategies are pure: they must not reach into the store, the
API server or another object, and never change their argument.
"""
