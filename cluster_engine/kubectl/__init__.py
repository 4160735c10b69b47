"""The terminal's kubectl: a genuine client of the sandbox's API server, one file a command.

Follows k8s.io/kubectl/pkg/cmd (v1.32): Complete, Validate, Run. It reads and writes through requests only, prints tables
that the server made, and must not read the engine's insides.
"""
