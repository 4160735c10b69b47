"""The API server: one door, `ApiServer.handle(Request) -> Response`, for people and controllers alike.

Follows k8s.io/apiserver. It may use the store and the kinds' strategies; it must not know any component, nor HTTP: the
HTTP layer turns a URL and a body into a `Request`.
"""
