"""HTTP in front of the API server: URLs, media types, discovery, OpenAPI, watch streams, SPDY and websockets.

Called by the ASGI application (`http/asgi.py`) that `cluster_engine.serve` and the site's `kubeapi` share. What a
request or a frame means is synchronous and pure (`frontend.py`, `channels.py`, `spdy.py`, …): bytes in, bytes or a
stream out. `asgi.py`, `stream.py`, `conversation.py`, `websocket.py` and `spdy_upgrade.py` carry it over ASGI;
`server.py` and `upgrade.py` make Daphne able to. It must not know who owns a cluster.
"""
