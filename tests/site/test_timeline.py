from cluster_engine.trace import Cause, Step
from playground.console import timeline

POD = "/registry/pods/default/"


def step(notes=(), writes=(), subject="default/web"):
    return Step(7, 5, "deployment-controller", subject, Cause("revision", "41"), list(notes), list(writes))


def test_a_step_is_told_by_what_it_decided():
    notes = ["scaled up ReplicaSet web-5d4f to 2 because 1 of 4 pods may be more"]
    writes = [(42, "MODIFIED", "/registry/replicasets.apps/default/web-5d4f")]
    assert timeline.step_message(step(notes, writes)) == {
        "number": 7,
        "time_us": 5,
        "component": "deployment-controller",
        "subject": "default/web",
        "summary": "deployment-controller: scaled up ReplicaSet web-5d4f to 2 because 1 of 4 pods may be more",
        "notes": notes,
        "writes": [{"revision": 42, "verb": "MODIFIED", "key": "/registry/replicasets.apps/default/web-5d4f"}],
        "cause": {"kind": "revision", "ref": "41"},
    }


def test_a_step_without_words_is_told_by_what_it_wrote():
    writes = [
        (1, "ADDED", POD + "a"),
        (2, "ADDED", POD + "b"),
        (3, "ADDED", POD + "c"),
        (4, "ADDED", POD + "d"),
        (5, "ADDED", "/registry/events/default/a.1"),
        (6, "MODIFIED", "/registry/deployments.apps/default/web"),
    ]
    assert timeline.summary(step(writes=writes)) == (
        "deployment-controller: created pods a, b, c and 1 more; updated deployments web"
    )


def test_a_step_that_only_recorded_an_event_says_so():
    writes = [(5, "ADDED", "/registry/events/default/web-0.18a")]
    assert timeline.summary(step(writes=writes)) == "deployment-controller: created events web-0.18a"


def test_of_many_notes_the_first_ones_stand_in_the_line():
    assert timeline.summary(step(["one", "two", "three", "four"])) == "deployment-controller: one; two; and 2 more"
