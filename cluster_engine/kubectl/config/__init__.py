"""`kubectl config`: contexts, kept in `.kube/config` of the home directory once somebody changes them.

There is one cluster and one user; contexts differ by their namespace. Follows k8s.io/kubectl/pkg/cmd/config.
"""
