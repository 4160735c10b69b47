"""`kubectl auth`: who somebody is and what they may do. Follows k8s.io/kubectl/pkg/cmd/auth."""
