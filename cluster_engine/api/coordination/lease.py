"""Leases. Follows pkg/apis/coordination/validation and printLease (v1.32)."""

from __future__ import annotations

from typing import Any

from cluster_engine.api import tables
from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import AGE, NAME, Column, Strategy
from cluster_engine.apimachinery.errors import invalid_value
from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.scheme import Resource


class LeaseStrategy(Strategy):
    """The rules of Leases."""

    resource = Resource("coordination.k8s.io", "v1", "Lease", "leases", singular="lease")
    allow_create_on_update = True
    columns = (NAME, Column("Holder"), AGE)

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return new

    def validate(self, obj: Obj) -> Errors:
        spec = obj.get("spec") or {}
        errors: Errors = []
        seconds, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
        if seconds is not None and seconds <= 0:
            errors.append(invalid_value("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
        if transitions is not None and transitions < 0:
            detail = "must be greater than or equal to 0"
            errors.append(invalid_value("spec.leaseTransitions", transitions, detail))
        return errors

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        holder = (obj.get("spec") or {}).get("holderIdentity") or ""
        return [obj["metadata"]["name"], holder, tables.created(obj, now_us)]
