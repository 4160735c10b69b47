"""Differences as `diff -u` prints them."""

from __future__ import annotations

import random
import shutil
import subprocess

import pytest

from cluster_engine.kubectl.unified_diff import unified


def test_equal_texts_have_no_difference():
    assert unified("a\nb\n", "a\nb\n", "old", "new") == ""


def test_a_change_is_shown_with_three_lines_around_it():
    old = "".join(f"{number}\n" for number in range(1, 11))
    assert unified(old, old.replace("5\n", "five\n"), "old", "new") == (
        "--- old\n+++ new\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
    )


def test_a_new_file_begins_at_line_zero():
    assert unified("", "a\n", "old", "new") == "--- old\n+++ new\n@@ -0,0 +1 @@\n+a\n"


def test_a_last_line_without_an_end_is_marked():
    assert unified("a", "b", "old", "new") == (
        "--- old\n+++ new\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
    )


@pytest.mark.skipif(shutil.which("diff") is None, reason="diff is not installed")
def test_small_changes_of_manifests_are_told_as_diff_tells_them(tmp_path):
    seed = 7
    rng = random.Random(seed)
    for round_ in range(60):
        lines = [f"{'  ' * rng.randint(0, 3)}key{rng.randint(0, 25)}: {rng.randint(0, 3)}\n" for _ in range(40)]
        changed = list(lines)
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(changed))
            action = rng.choice(("change", "insert", "delete"))
            if action == "delete":
                del changed[place]
            else:
                changed[place : place + (action == "change")] = [f"new{rng.randint(0, 99)}: 1\n"]
        old, new = "".join(lines), "".join(changed)
        (tmp_path / "old").write_text(old)
        (tmp_path / "new").write_text(new)
        command = ["diff", "-u", "--label=old", "--label=new", "old", "new"]
        want = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
        assert unified(old, new, "old", "new") == want, f"seed {seed}, round {round_}"
