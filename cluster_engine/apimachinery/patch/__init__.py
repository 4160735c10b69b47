"""Patches: JSON (RFC 6902), merge (RFC 7386) and strategic merge, applied and made. Inputs are never changed.

What is not touched by a patch is shared with the object that was patched. Strategic merge asks a `PatchSchema` for
merge keys, so that nothing here knows any type; `cluster_engine.schema.patching` joins both and words the errors.
"""

from cluster_engine.apimachinery.patch.common import (
    ANYTHING,
    BadPatchError,
    PatchError,
    PatchSchema,
    UnprocessablePatchError,
)
from cluster_engine.apimachinery.patch.json_patch import apply_json_patch
from cluster_engine.apimachinery.patch.merge import (
    apply_merge_patch,
    create_merge_patch,
    create_three_way_json_merge_patch,
)
from cluster_engine.apimachinery.patch.strategic import apply_strategic_patch
from cluster_engine.apimachinery.patch.three_way import create_three_way_merge_patch
from cluster_engine.apimachinery.patch.two_way import create_two_way_merge_patch

__all__ = [
    "ANYTHING",
    "BadPatchError",
    "PatchError",
    "PatchSchema",
    "UnprocessablePatchError",
    "apply_json_patch",
    "apply_merge_patch",
    "apply_strategic_patch",
    "create_merge_patch",
    "create_three_way_json_merge_patch",
    "create_three_way_merge_patch",
    "create_two_way_merge_patch",
]
