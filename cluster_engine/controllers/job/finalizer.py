"""The finalizer that keeps a pod until its Job has counted it."""

from __future__ import annotations

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.client.client import Client
from cluster_engine.controllers.job.context import TRACKING_FINALIZER, has_tracking_finalizer


def remove_tracking_finalizer(client: Client, pod: Obj) -> None:
    """Lets go of a pod that has been counted or need not be. Raises `ApiError`, NotFound when it is gone already."""
    if not has_tracking_finalizer(pod):
        return
    meta = pod["metadata"]
    change: Obj = {"$deleteFromPrimitiveList/finalizers": [TRACKING_FINALIZER]}
    if meta["finalizers"] == [TRACKING_FINALIZER]:
        change = {"finalizers": None}  # an empty list would stay
    client.patch("pods", meta["name"], {"metadata": change}, meta["namespace"])
