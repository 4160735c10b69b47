"""Every sandbox as a Kubernetes API for real clients, under a secret path.

`asgi.py` is a bare ASGI application beside Django (mounted in `playground/asgi.py`): `access.py` says whose a path is,
`backend.py` wakes the sandbox and makes safe what was written, and `cluster_engine.http` does the rest. `views.py` is
the panel in which the owner gets a kubeconfig. Secrets never reach a log (`access_log.py`).
"""
