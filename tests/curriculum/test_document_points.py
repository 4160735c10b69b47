"""Where the original is wrong or old, a lesson says so in both languages and lets the learner see it.

Each point names the lesson and step, what the step says of it in both languages, and what the cluster is seen to say
(a `says` block, proven when the lesson is played) where there is something to be seen.
"""

from dataclasses import dataclass

import pytest

from playground.curriculum import catalogue


@dataclass(frozen=True)
class Point:
    """One mistake of the original. `seen` are words of the step's `says` blocks."""

    name: str
    place: str
    en: str
    zh: str
    seen: str = ""


POINTS = [
    Point("1 a StatefulSet without a selector", "11-statefulset/create", "The API server refuses.", "API Server 拒绝了",
          "spec.selector: Required value"),
    Point("2 OnDelete as the default", "12-ondelete/switch", "That was so in `apps/v1beta1`", "`apps/v1beta1`",
          "type: RollingUpdate"),
    Point("3 the columns of a Deployment", "05-deployment/ready", "`DESIRED CURRENT UP-TO-DATE AVAILABLE`",
          "`DESIRED CURRENT UP-TO-DATE AVAILABLE`", "READY UP-TO-DATE AVAILABLE"),
    Point("3 the columns of a StatefulSet", "11-statefulset/ordered", "`DESIRED` and `CURRENT`", "`DESIRED`"),
    Point("4 deployment.extensions", "06-rollback/record", "that API group is gone", "那个 API 组已经不在",
          "deployment.apps/nginx-deployment image updated"),
    Point("4 answers without a verb", "06-rollback/undo", "", "", "deployment.apps/nginx-deployment rolled back"),
    Point("5 --record", "06-rollback/record", "deprecated for years", "早就被弃用了",
          "Flag --record has been deprecated"),
    Point("5 --cascade=false", "15-delete-adopt/orphan", "the\nword of today is `orphan`", "如今的说法是 `orphan`",
          "--cascade=false is deprecated"),
    Point("6 labels as a list", "04-pod-fields/labels", "written as lists", "列表", "cannot unmarshal array"),
    Point("6 a space in the image", "04-pod-fields/image", "not even YAML", "YAML", "mapping values are not allowed"),
    Point("6 MiB", "04-pod-fields/units", "there is no `B` behind it", "`Mi`", "quantities must match"),
    Point("6 provoleged", "04-pod-fields/spelling", "`privileged`", "`privileged`", "provoleged"),
    Point("6 three handlers in a probe", "04-pod-fields/probes", "exactly *one* way", "`tcpSocket`",
          "may not specify more than 1 handler type"),
    Point("6 successThreshold", "04-pod-fields/probes", "set `successThreshold`\nto 1", "`successThreshold`",
          "must be 1"),
    Point("6 two sources of a volume", "04-pod-fields/volumes", "comes from one place", "来源",
          "may not specify more than 1 volume type"),
    Point("7 nginx-0 for web-0", "10-headless/names", "Ask the DNS", "问问 DNS", "NXDOMAIN"),
    Point("8 all history is kept", "06-rollback/limit", "Ten is right", "十个才对", "10"),
    Point("9 Pods are moved", "02-nodes/power", "A Pod is never moved", "Pod 从不搬家", "Terminating"),
    Point("9 a bare Pod is gone, a StatefulSet's waits", "02-nodes/return", "`alone` stays away for ever",
          "`alone` 再也不会回来"),
    Point("10 another image in the listing", "14-partition/canary", "set one image here and show another",
          "镜像", "dotbalo/canary:v2"),
    Point("11 adopted Pods are kept", "15-delete-adopt/differ", "only half the truth", "只说对了一半"),
    Point("12 Docker Engine", "02-nodes/look", "since v1.24", "从 v1.24 起", "containerd://"),
    Point("13 pause reaps zombies", "03-pod/address", "shares its process namespace", "共享进程命名空间"),
    Point("14 the cause after resume", "08-pause-resume/cause", "the old reason was handed on", "", "2 first version"),
]  # fmt: skip


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_the_lesson_says_so_and_lets_it_be_seen(point):
    slug, _, step_id = point.place.partition("/")
    lesson = catalogue.lessons()[slug]
    for language, words in (("en", point.en), ("zh-hans", point.zh)):
        section = lesson.text_by_language[language].sections[step_id]
        assert words in "\n".join(section.parts.values()), (point.place, language)
        says = "\n".join(block.body for block in section.blocks() if block.word == "says")
        assert point.seen in " ".join(says.split()), (point.place, language)


def test_master_and_minion_are_said_to_be_old_words():
    lesson = catalogue.lessons()["01-control-plane"]
    assert "(Old texts say *master* and *minion*.)" in lesson.text_by_language["en"].intro
    assert "老教程里叫 Master 和 Minion" in lesson.text_by_language["zh-hans"].intro


def test_none_of_the_fourteen_points_is_left_out():
    assert {int(point.name.split()[0]) for point in POINTS} == set(range(1, 15))
