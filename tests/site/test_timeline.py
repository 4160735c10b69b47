import ast
from pathlib import Path

from django.utils import translation

from cluster_engine.trace import Cause, Step
from playground.console import notes, timeline

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


def test_what_was_decided_is_told_in_the_readers_language():
    decided = [
        "rolling: 3 wanted, at most 4 in all, at least 3 available; new ReplicaSet web-5d4f may grow from 1 to 2",
        "nobody knows this note",
    ]
    with translation.override("zh-hans"):
        message = timeline.step_message(step(decided))
        assert message["notes"] == [
            "滚动更新：需要 3 个，总共最多 4 个，至少 3 个可用；新的 ReplicaSet web-5d4f 可以从 1 增加到 2",
            "nobody knows this note",
        ]
        written = step(writes=[(1, "ADDED", POD + "a"), (6, "DELETED", POD + "b")])
        assert timeline.summary(written) == "deployment-controller: 创建了 pods a；删除了 pods b"
    assert timeline.step_message(step(decided))["notes"] == decided


def noted_by_the_engine():
    """Every text that the engine notes: a made-up note for each f-string of a call of `note` or `wait`."""
    for path in sorted(Path("cluster_engine").rglob("*.py")):
        if path.parts[1] in ("containers", "http", "kubectl", "shell"):
            continue  # what is called so there is something else
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
            said = node.args[-1] if name in ("note", "wait", "_note", "_wait") and node.args else None
            if isinstance(said, ast.JoinedStr):
                parts = said.values
                yield path, "".join(p.value if isinstance(p, ast.Constant) else "7" for p in parts)


def test_nearly_every_note_of_the_engine_has_words_in_both_languages():
    parts = {part for _, text in noted_by_the_engine() for part in text.split("; ")}
    missing = {part for part in parts if notes.pattern_of(part) is None}
    assert len(missing) <= len(parts) // 4, sorted(missing)
