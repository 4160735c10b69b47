"""`kubectl rollout`: one file a subcommand, and what the workloads' histories have in common.

Follows k8s.io/kubectl/pkg/cmd/rollout and pkg/polymorphichelpers.
"""
