"""APIServices: one for each group version. Every one is served by the API server itself; none can be added.

Follows k8s.io/kube-aggregator/pkg/registry/apiservice/etcd.
"""

from __future__ import annotations

from typing import Any

from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.apimachinery.times import age


class APIServiceStrategy(Strategy):
    """The table of APIServices."""

    resource = Resource(
        "apiregistration.k8s.io", "v1", "APIService", "apiservices", namespaced=False, singular="apiservice",
        categories=("api-extensions",), verbs=("get", "list"),
    )  # fmt: skip
    columns = (NAME, Column("Service"), Column("Available"), AGE)

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        meta = obj["metadata"]
        return [meta["name"], "Local", "True", age(meta.get("creationTimestamp"), now_us)]
