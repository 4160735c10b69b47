"""Access reviews: may somebody do something? Questions that are answered and never kept."""

from __future__ import annotations

from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery.scheme import Resource

_GROUP = "authorization.k8s.io"


def _resource(kind: str, *, namespaced: bool = False) -> Resource:
    return Resource(_GROUP, "v1", kind, f"{kind.lower()}s", namespaced=namespaced, verbs=("create",))


class LocalSubjectAccessReviewStrategy(Strategy):
    """May somebody do something in this namespace?"""

    resource = _resource("LocalSubjectAccessReview", namespaced=True)


class SelfSubjectAccessReviewStrategy(Strategy):
    """May I do something?"""

    resource = _resource("SelfSubjectAccessReview")


class SelfSubjectRulesReviewStrategy(Strategy):
    """What may I do in a namespace?"""

    resource = _resource("SelfSubjectRulesReview")


class SubjectAccessReviewStrategy(Strategy):
    """May somebody do something?"""

    resource = _resource("SubjectAccessReview")
