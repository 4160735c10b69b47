"""A stored kind in another version, or under another group: the same objects, told in another form.

Used by the strategies of such views. A view thinks in the stored version: whatever it is asked, it converts, asks the
stored kind's Strategy, and converts back. Follows the hub and its conversions in pkg/apis/<group>/<version>.
"""

from __future__ import annotations

from typing import Any, ClassVar

from cluster_engine.api.checks import Errors
from cluster_engine.api.strategy import Strategy
from cluster_engine.apimachinery.meta import Obj


class VersionView(Strategy):
    """The rules of a view. A subclass names its `resource` (with `stored_as`) and `stored`, and converts both ways;
    converting there and back must give the same object.
    """

    stored: ClassVar[Strategy]
    converts = True

    def to_storage(self, obj: Obj) -> Obj:
        raise NotImplementedError

    def from_storage(self, obj: Obj) -> Obj:
        raise NotImplementedError

    def default(self, obj: Obj) -> Obj:
        return self.from_storage(self.stored.default(self.to_storage(obj)))

    def prepare_for_create(self, obj: Obj) -> Obj:
        return self.from_storage(self.stored.prepare_for_create(self.to_storage(obj)))

    def prepare_for_update(self, new: Obj, old: Obj) -> Obj:
        return self.from_storage(self.stored.prepare_for_update(self.to_storage(new), self.to_storage(old)))

    def changes_generation(self, new: Obj, old: Obj) -> bool:
        return self.stored.changes_generation(self.to_storage(new), self.to_storage(old))

    def prepare_for_status_update(self, new: Obj, old: Obj) -> Obj:
        return self.from_storage(self.stored.prepare_for_status_update(self.to_storage(new), self.to_storage(old)))

    def validate(self, obj: Obj) -> Errors:
        return self.stored.validate(self.to_storage(obj))

    def validate_update(self, new: Obj, old: Obj) -> Errors:
        return self.stored.validate_update(self.to_storage(new), self.to_storage(old))

    def validate_status_update(self, new: Obj, old: Obj) -> Errors:
        return self.stored.validate_status_update(self.to_storage(new), self.to_storage(old))

    def warnings(self, obj: Obj) -> list[str]:
        return self.stored.warnings(self.to_storage(obj))

    def cells(self, obj: Obj, now_us: int) -> list[Any]:
        return self.stored.cells(self.to_storage(obj), now_us)

    def row_conditions(self, obj: Obj) -> list[Obj]:
        return self.stored.row_conditions(self.to_storage(obj))

    def fields(self, obj: Obj) -> dict[str, str]:
        return self.stored.fields(obj)
