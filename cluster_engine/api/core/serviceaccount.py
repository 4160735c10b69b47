"""ServiceAccounts. Follows pkg/registry/core/serviceaccount/strategy.go (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import tables
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource


class ServiceAccountStrategy(Strategy):
    """The rules of ServiceAccounts."""

    resource = Resource(
        "",
        "v1",
        "ServiceAccount",
        "serviceaccounts",
        singular="serviceaccount",
        short_names=("sa",),
        subresources=("token",),
    )
    columns = (NAME, Column("Secrets"), AGE)

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return [obj["metadata"]["name"], len(obj.get("secrets") or ()), tables.created(obj, now_us)]
