"""Lesson files: what is read from them, and that a mistake is refused with its file and line."""

import re
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from playground.curriculum import catalogue, texts
from playground.curriculum.source import LessonError

LESSONS = Path(settings.LESSONS_DIR)
YAML = """\
title: {en: A, zh-hans: 甲}
summary: {en: B, zh-hans: 乙}
minutes: 10
teaches: {en: [C], zh-hans: [丙]}
steps:
  - id: one
    check: [{absent: pods/p}]
    solution: [kubectl get pods]
  - id: two
    after: [one]
    check: [{absent: pods/q}]
    solution: [kubectl get pods]
"""
TEXT = """\
Introduction.

## one: First
Do it.
### predict
What?
### answer
That.
### hint
So.
### done
Fine.

## two: Second
Do more.
### hint
So.

## end: The end
Bye.
"""


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a lesson that is right."""
    path = tmp_path / "07-example"
    path.mkdir()
    (path / "lesson.yaml").write_text(YAML)
    for language in catalogue.LANGUAGES:
        (path / f"{language}.md").write_text(TEXT)
    return path


def refusal(folder):
    """Return the error of a lesson that is wrong, without the folder's own path."""
    with pytest.raises(LessonError) as caught:
        catalogue.read_lesson(folder)
    return str(caught.value).removeprefix(f"{folder}/")


def test_a_lesson_that_is_right_is_read_whole(folder):
    lesson = catalogue.read_lesson(folder)
    assert (lesson.slug, lesson.number, lesson.minutes) == ("07-example", 7, 10)
    assert [(step.id, step.after) for step in lesson.steps] == [("one", ()), ("two", ("one",))]
    section = lesson.text.sections["one"]
    assert (section.title, section.html(), section.html("answer")) == ("First", "<p>Do it.</p>\n", "<p>That.</p>\n")
    assert lesson.text.sections["two"].html("done") == ""


def test_the_title_is_in_the_readers_language(folder):
    lesson = catalogue.read_lesson(folder)
    with translation.override("zh-hans"):
        assert (lesson.title, lesson.teaches) == ("甲", ["丙"])
    with translation.override("en"):
        assert (lesson.title, lesson.teaches) == ("A", ["C"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("minutes: 10", "minutes: ten", "lesson.yaml:3: minutes: must be a whole number"),
        ("minutes: 10\n", "", "lesson.yaml:1: : 'minutes' is missing"),
        ("minutes: 10", "minuets: 10", "lesson.yaml:3: : unknown key 'minuets' (known: title, summary, minutes, teaches, steps, files)"),
        ("{en: A, zh-hans: 甲}", "{en: A}", "lesson.yaml:1: title: 'zh-hans' is missing"),
        ("id: two", "id: one", "lesson.yaml:9: steps[1].id: the id 'one' is taken"),
        ("after: [one]", "after: [three]", "lesson.yaml:10: steps[1].after: there is no earlier step 'three'"),
        ("absent: pods/q", "absent: pods", "lesson.yaml:11: steps[1].check[0].absent: must be RESOURCE/NAME, for example deployments.apps/nginx-deployment"),
        ("minutes: 10", "minutes: 10\nfiles: [x.yaml]", "lesson.yaml:4: files[0]: there is no file x.yaml in 07-example/files/"),
        ("minutes: 10", "minutes: [", "lesson.yaml:5: is not YAML: expected ',' or ']', but got '<scalar>'"),
        ("minutes: 10", "minutes: 10\nminutes: 11", "lesson.yaml:4: : 'minutes' stands here twice"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_yaml_is_named_with_its_line(folder, old, new, message):
    (folder / "lesson.yaml").write_text(YAML.replace(old, new, 1))
    assert refusal(folder) == message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("## one: First", "## uno: First", "zh-hans.md:3: here the step 'one' is wanted, not 'uno'"),
        ("## two: Second\nDo more.\n### hint\nSo.\n", "", "zh-hans.md:1: the step 'two' has no section"),
        ("## end:", "## three: X\ny\n### hint\nz\n## end:", "zh-hans.md:19: lesson.yaml has no step 'three'"),
        ("### hint\nSo.\n### done", "### done", "zh-hans.md:3: the step 'one' has no hint"),
        ("### answer\nThat.\n", "", "zh-hans.md:3: the step 'one' needs both predict and answer, or none"),
        ("### predict", "### guess", "zh-hans.md:5: a part of a step is one of: predict, answer, hint, done"),
        ("## one: First", "## First", 'zh-hans.md:3: a section starts with "## id: title"'),
        ("Do it.\n", "\n", "zh-hans.md:3: the step 'one' has no text"),
    ],
)
def test_a_mistake_in_a_text_is_named_with_its_line(folder, old, new, message):
    (folder / "zh-hans.md").write_text(TEXT.replace(old, new, 1))
    assert refusal(folder) == message


def test_a_folder_without_a_number_is_refused(folder):
    moved = folder.rename(folder.parent / "example")
    assert refusal(moved) == "lesson.yaml:1: the folder 'example' must be named NN-SLUG, for example 05-deployment"


def test_html_in_a_text_comes_out_as_text():
    assert texts.render("<script>alert(1)</script> **b**") == "<p>&lt;script&gt;alert(1)&lt;/script&gt; <strong>b</strong></p>\n"
    assert 'href="javascript' not in texts.render("[x](javascript:alert(1))")


def test_a_wrapped_chinese_line_gets_no_space_at_the_wrap():
    assert texts.render("控制器\n读到，\n创建 Pod\n就绪") == "<p>控制器读到，创建 Pod\n就绪</p>\n"


@pytest.mark.parametrize("folder", sorted(LESSONS.glob("*/")), ids=lambda path: path.name)
class TestEveryLesson:
    """What holds for each lesson that there is."""

    def test_it_is_right(self, folder):
        lesson = catalogue.read_lesson(folder)
        assert 5 <= lesson.minutes <= 15
        assert 6 <= len(lesson.steps) <= 9

    def test_both_languages_have_the_same_parts_and_the_same_commands(self, folder):
        english, chinese = (catalogue.read_lesson(folder).text_by_language[code] for code in catalogue.LANGUAGES)
        for step_id, section in english.sections.items():
            other = chinese.sections[step_id]
            assert list(section.parts) == list(other.parts), step_id
            for part, text in section.parts.items():
                assert code_blocks(text) == code_blocks(other.parts[part]), (step_id, part)

    def test_no_file_is_left_over(self, folder):
        lesson = catalogue.read_lesson(folder)
        assert sorted(path.name for path in folder.glob("files/*")) == sorted(lesson.files)
        solutions = {part.path for step in lesson.steps for part in step.solution if part.path}
        assert sorted(path.name for path in folder.glob("solution/*")) == sorted(solutions)


def code_blocks(text):
    return re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_a_lesson_is_found_by_its_slug_alone():
    assert catalogue.find("05-deployment").slug == "05-deployment"
    assert catalogue.find("../05-deployment") is None
    assert catalogue.find("") is None


def test_copying_a_lesson_is_all_it_takes_to_have_another(tmp_path):
    shutil.copytree(LESSONS / "05-deployment", tmp_path / "05-copy")
    assert list(catalogue.read_lessons(tmp_path)) == ["05-copy"]
