"""What the components of a cluster use, and all they may use: client, informers, work queue, event recorder,
controller.

Follows k8s.io/client-go. A component reads through informers (a cache that is kept up to date by a watch) or the
client, and writes through the client; it must not reach into the API server or the store, and never calls another
component.
"""
