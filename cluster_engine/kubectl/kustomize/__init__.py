"""Kustomizations: manifests put together from a directory. Follows sigs.k8s.io/kustomize/api (v0.18), the usual part.

`build.py` reads a directory and applies what its kustomization says, in kustomize's order: resources, generators,
patches, namespace, names, labels, annotations, images, replicas; then hashes and the references to generated names.
`-k` of other commands and `kubectl kustomize` call `build.build`; nothing here asks the server.
"""
