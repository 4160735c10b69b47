import pytest

from cluster_engine.trace import Cause, Step
from playground.sandboxes.feed import Change, Feed, GapError, Told


def change(revision: int) -> Change:
    return Change(revision, 0, f"/registry/pods/default/p{revision}", {}, 1)


def step(number: int, revision: int) -> Step:
    return Step(number, 0, "x", "y", Cause("start", ""), [], [(revision, "ADDED", "/registry/pods/default/p")])


def test_a_reader_gets_what_came_after_its_cursor_in_order():
    feed = Feed(10)
    feed.append(change(11))
    cursor = feed.end
    entries = [change(12), Told({"type": "output"}), change(13)]
    for entry in entries:
        feed.append(entry)
    assert feed.after(cursor) == entries
    assert feed.after(feed.end) == []
    assert feed.revision == 13


def test_a_reader_that_fell_out_of_the_feed_is_told_so():
    feed = Feed(0, limit=3)
    for revision in range(1, 6):
        feed.append(change(revision))
    assert [entry.revision for entry in feed.after(2)] == [3, 4, 5]
    with pytest.raises(GapError):
        feed.after(1)
    assert [entry.revision for entry in feed.since_revision(2)] == [3, 4, 5]
    with pytest.raises(GapError):
        feed.since_revision(1)


def test_a_revision_that_was_never_reached_is_a_gap():
    feed = Feed(10)
    with pytest.raises(GapError):
        feed.since_revision(11)
    assert feed.since_revision(10) == []


def test_a_browser_that_comes_back_gets_changes_and_their_steps_and_no_frames():
    feed = Feed(0)
    feed.append(change(1))
    feed.append(step(1, 1))
    feed.append(change(2))
    later = step(2, 2)
    feed.append(later)
    feed.append(Told({"type": "exit"}))
    assert [entry for entry in feed.since_revision(1) if isinstance(entry, Step)] == [later]
    assert len(feed.since_revision(1)) == 2


def test_a_frame_may_be_for_one_visitor_or_for_all_but_one():
    a, b = object(), object()
    assert Told({}).is_for(a)
    assert Told({}, to=a).is_for(a)
    assert not Told({}, to=a).is_for(b)
    assert not Told({}, but=a).is_for(a)
    assert Told({}, but=a).is_for(b)
