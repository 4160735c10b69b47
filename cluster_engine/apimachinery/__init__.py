"""What every part of the Kubernetes API machinery shares: errors, selectors, quantities, patches, hashes.

Follows the splits of k8s.io/apimachinery. It must not know the store, the API server or any kind's rules.
"""
