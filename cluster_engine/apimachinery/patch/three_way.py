"""The patch of `kubectl apply`: what the manifest adds and changes over the live object, and what it no longer says.

Follows strategicpatch.CreateThreeWayMergePatch (v1.32), with `overwrite`, as kubectl calls it.
"""

from __future__ import annotations

from typing import Any

from cluster_engine.apimachinery.patch.common import PatchSchema
from cluster_engine.apimachinery.patch.strategic import JOIN, merge_map
from cluster_engine.apimachinery.patch.two_way import DiffOptions, diff_maps

Map = dict[str, Any]


def create_three_way_merge_patch(original: Map | None, modified: Map, current: Map, schema: PatchSchema) -> Map:
    """The strategic patch that brings `current` (live) to `modified` (the manifest), empty when there is nothing to do.

    `original` is what was applied last time: what it has and `modified` has not, is deleted; what neither has, belongs
    to others and stays. Raises `PatchError`.
    """
    changes = diff_maps(current, modified, schema, DiffOptions(ignore_deletions=True))
    deletions = diff_maps(original or {}, modified, schema, DiffOptions(ignore_changes=True))
    return dict(sorted(merge_map(deletions, changes, schema, JOIN).items()))
