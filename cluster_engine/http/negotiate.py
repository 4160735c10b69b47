"""Content negotiation: in which form and encoding a client wants its answer."""

from __future__ import annotations

from functools import lru_cache

from cluster_engine.apiserver.request import Accept


@lru_cache(maxsize=512)
def media_types(accept: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The media types of an Accept header in the client's order: (type, its parameters)."""
    parsed = []
    for clause in accept.split(","):
        media, *parameters = (part.strip() for part in clause.split(";"))
        if media:
            pairs = tuple((name, value) for name, _, value in (p.partition("=") for p in parameters))
            parsed.append((media, pairs))
    return tuple(parsed)


@lru_cache(maxsize=512)
def accepted_form(accept: str) -> Accept:
    """Whether the client wants whole objects, a Table, or metadata only; JSON is the only encoding that is written."""
    for media, pairs in media_types(accept):
        if media not in ("application/json", "application/*", "*/*"):
            continue
        parameters = dict(pairs)
        as_kind = parameters.get("as", "")
        if not as_kind:
            return "object"
        if parameters.get("g", "meta.k8s.io") != "meta.k8s.io" or parameters.get("v", "v1") != "v1":
            continue
        if as_kind == "Table":
            return "table"
        if as_kind in ("PartialObjectMetadata", "PartialObjectMetadataList"):
            return "partial"
    return "object"


def wants_aggregated_discovery(accept: str) -> str:
    """The version of apidiscovery.k8s.io that the client asks for ("v2", "v2beta1"), or "" for plain discovery."""
    for media, pairs in media_types(accept):
        parameters = dict(pairs)
        if media == "application/json" and parameters.get("g") == "apidiscovery.k8s.io":
            if parameters.get("as") == "APIGroupDiscoveryList" and parameters.get("v") in ("v2", "v2beta1"):
                return parameters["v"]
        elif media == "application/json" and not parameters.get("g"):
            return ""
    return ""
