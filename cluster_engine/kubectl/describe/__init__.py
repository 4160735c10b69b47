"""`kubectl describe`: one file a kind, each a function from an object to text.

Follows k8s.io/kubectl/pkg/describe/describe.go (v1.32). `describers.py` lists them, `command.py` is the command.
"""
