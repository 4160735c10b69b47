"""What checks see of a cluster: its objects through the API, and the history of what was written."""

from collections.abc import Sequence
from typing import Any, Protocol

from cluster_engine.apimachinery.meta import Obj


class Reader(Protocol):
    """The objects, as the engine's client gives them, and their history."""

    @property
    def history(self) -> "History":
        """Return what was written since the sandbox was woken."""
        ...

    def get(self, resource: str, name: str, namespace: str = "") -> Obj:
        """Return one object; raises `ApiError` when there is none."""
        ...

    def list(self, resource: str, namespace: str = "", *, label_selector: str = "") -> Any:
        """Return the objects of a kind, in `items`."""
        ...


class History(Protocol):
    """The part of the engine's store that checks use."""

    compacted_revision: int

    def history_since(self, revision: int) -> Sequence[Any]:
        """Return the commits after a revision, oldest first."""
        ...

    def range_at(self, bucket: str, prefix: str, revision: int) -> Sequence[Obj]:
        """Return what stood in a bucket at a revision."""
        ...


class Sight:
    """A `Reader` of a cluster of the engine, in the name of the lesson."""

    def __init__(self, cluster: Any) -> None:
        self._client = cluster.client("lesson")
        self.history: History = cluster.store

    def get(self, resource: str, name: str, namespace: str = "") -> Obj:
        """Return one object; raises `ApiError` when there is none."""
        found: Obj = self._client.get(resource, name, namespace)
        return found

    def list(self, resource: str, namespace: str = "", *, label_selector: str = "") -> Any:
        """Return the objects of a kind, in `items`."""
        return self._client.list(resource, namespace, label_selector=label_selector)
