"""Which commands hold after undos, redos and resets, in any order."""

import random

import pytest

from playground.sandboxes.lineage import Entry, Lineage


def lineage(*entries: tuple) -> Lineage:
    return Lineage(Entry(number, *rest) for number, rest in enumerate(entries, 1))


TYPED = ("typed",)


def test_an_undo_goes_back_before_its_target_and_what_follows_goes_on_from_there():
    held = lineage(TYPED, TYPED, ("undo", 2), TYPED).now
    assert held.typed == (1, 4)
    assert held.undone == ()
    assert held.spans == ((0, 2), (3, None))


def test_undos_one_after_the_other_go_further_back_and_redos_come_back_step_by_step():
    two_back = lineage(TYPED, TYPED, ("undo", 2), ("undo", 1))
    assert (two_back.now.typed, two_back.now.undone) == ((), (3, 4))
    one_again = lineage(TYPED, TYPED, ("undo", 2), ("undo", 1), ("redo", 4))
    assert (one_again.now.typed, one_again.now.undone) == ((1,), (3,))
    both_again = lineage(TYPED, TYPED, ("undo", 2), ("undo", 1), ("redo", 4), ("redo", 3))
    assert (both_again.now.typed, both_again.now.undone) == ((1, 2), ())


def test_a_command_after_an_undo_leaves_nothing_to_do_again():
    assert lineage(TYPED, ("undo", 1), TYPED).now.undone == ()


def test_a_look_in_between_leaves_it_to_be_done_again():
    looked = [Entry(1), Entry(2, "undo", 1), Entry(3, looks=True)]
    assert Lineage(looked).now.undone == (2,)
    assert Lineage([*looked, Entry(4, "redo", 2)]).now.typed == (1,)


def test_a_reset_of_all_leads_to_the_start_and_can_be_taken_back():
    reset = lineage(TYPED, TYPED, ("reset", 0))
    assert (reset.now.typed, reset.now.undone, reset.now.spans) == ((), (3,), ((3, None),))
    assert lineage(TYPED, TYPED, ("reset", 0), ("redo", 3)).now.typed == (1, 2)


def test_what_was_refused_changes_nothing():
    assert lineage(TYPED, ("redo", None)).now == lineage(TYPED).now


@pytest.mark.parametrize("seed", range(20))
def test_it_is_an_editor_of_a_list_with_an_undo_stack(seed):
    rng = random.Random(seed)
    entries: list[tuple] = []
    typed: list[int] = []
    stack: list[list[int]] = []
    for number in range(1, 60):
        found = Lineage(Entry(n, *rest) for n, rest in enumerate(entries, 1))
        assert list(found.now.typed) == typed, f"seed {seed}"
        assert len(found.now.undone) == len(stack), f"seed {seed}"
        action = rng.choice(["typed", "typed", "undo", "redo", "reset"])
        if action == "undo" and typed:
            entries.append(("undo", typed[-1]))
            stack.append(typed)
            typed = typed[:-1]
        elif action == "redo" and stack:
            entries.append(("redo", found.now.undone[-1]))
            typed = stack.pop()
        elif action == "reset":
            entries.append(("reset", 0))
            stack.append(typed)
            typed = []
        else:
            entries.append(TYPED)
            typed = [*typed, number]
            stack = []
