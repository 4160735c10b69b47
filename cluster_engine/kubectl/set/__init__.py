"""`kubectl set`: changes of the pod template, one file a subcommand. Follows k8s.io/kubectl/pkg/cmd/set."""
