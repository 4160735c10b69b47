"""TokenReview and SelfSubjectReview: questions that are answered and never kept. TokenRequest: a body of `token`."""

from __future__ import annotations

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery.scheme import Resource

_GROUP = "authentication.k8s.io"
# What the `token` subresource of a service account takes: a kind of its own, but no resource.
TOKEN_REQUEST = Resource(_GROUP, "v1", "TokenRequest", "tokenrequests", verbs=("create",))


class SelfSubjectReviewStrategy(Strategy):
    """Who am I?"""

    resource = Resource(_GROUP, "v1", "SelfSubjectReview", "selfsubjectreviews", namespaced=False, verbs=("create",))


class TokenReviewStrategy(Strategy):
    """Whose is this token?"""

    resource = Resource(_GROUP, "v1", "TokenReview", "tokenreviews", namespaced=False, verbs=("create",))
