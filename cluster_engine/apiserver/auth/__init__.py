"""Who asks, and what they may do: users, service-account tokens, RBAC, and the reviews that tell people about it.

Called by the door (`apiserver/server.py`), which asks before each request, and by the HTTP layer, which turns headers
into a user. It reads Roles and bindings from the store and writes nothing.
"""
