"""HTTP in front of the API server: URLs, media types, discovery, OpenAPI, watch streams.

Called by the ASGI application (`http/asgi.py`) that `cluster_engine.serve` and the site's `kubeapi` share. Everything
but `asgi.py` is synchronous and pure: bytes in, bytes or a watch stream out. It must not know who owns a cluster.
"""
