"""What every part of the Kubernetes API machinery shares: errors, the scheme, selectors, quantities, patches, hashes, times.

Follows the splits of k8s.io/apimachinery. It must not know the store, the API server or any kind's rules.
"""
