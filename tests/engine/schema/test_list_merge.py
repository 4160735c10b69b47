"""In which order an applied list and a live one merge. Follows structured-merge-diff/typed/merge.go."""

from __future__ import annotations

import pytest

from cluster_engine.schema.typed import merge, node_of


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        ("", "ab", "ab"),
        ("ab", "", "ab"),
        ("a", "b", "ab"),
        ("ab", "ba", "ba"),
        ("abc", "b", "abc"),
        ("abc", "cx", "abcx"),
        ("abc", "xc", "abxc"),
        ("abcd", "dxa", "bcdxa"),
    ],
)
def test_live_items_come_first_and_the_applied_order_wins(live: str, applied: str, merged: str) -> None:
    node = node_of("v1", "Pod").child("metadata")[1].child("finalizers")[1]
    assert merge(list(live), list(applied), node) == list(merged)
