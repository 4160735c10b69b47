"""Commands that speak with containers: logs, exec, attach, cp, port-forward, debug.

`target.py` finds the pod and the container.

They ask the API server for the subresources of a pod, and are handed streams (`apiserver/streams.py`).
"""
