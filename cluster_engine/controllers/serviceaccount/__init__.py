"""What every namespace gets: the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`."""
