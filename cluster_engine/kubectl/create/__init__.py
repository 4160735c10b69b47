"""`kubectl create`: from files, and one generator a kind. Follows k8s.io/kubectl/pkg/cmd/create."""
