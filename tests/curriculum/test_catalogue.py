"""Lesson files: what is read from them, and that a mistake is refused with its file and line."""

import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from playground.curriculum import catalogue, document, texts
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
    spoiled: [{get: got}]
  - id: two
    after: [one]
    check: [{absent: pods/q}]
    solution: [kubectl get pods]
    spoiled: []
"""
TEXT = """\
Introduction.

## one: First
Do it.
### predict
What?
- [ ] this
- [x] that
### answer
That.
### hint
So.
### more
And so.
### most
Just so.
### done
Fine.

## two: Second
Do more.
### hint
So.
### more
And so.
### most
Just so.

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
        ("minutes: 10", "minuets: 10", "lesson.yaml:3: : unknown key 'minuets' (known: title, summary, minutes, teaches, steps, files, start, settle_seconds, look, speed, breakable)"),
        ("{en: A, zh-hans: 甲}", "{en: A}", "lesson.yaml:1: title: 'zh-hans' is missing"),
        ("id: two", "id: one", "lesson.yaml:10: steps[1].id: the id 'one' is taken"),
        ("after: [one]", "after: [three]", "lesson.yaml:11: steps[1].after: there is no earlier step 'three'"),
        ("absent: pods/q", "absent: pods", "lesson.yaml:12: steps[1].check[0].absent: must be RESOURCE/NAME, for example deployments.apps/nginx-deployment"),
        ("minutes: 10", "minutes: 10\nfiles: [x.yaml]", "lesson.yaml:4: files[0]: there is no file x.yaml in 07-example/files/"),
        ("minutes: 10", "minutes: 10\nlook: old", "lesson.yaml:4: look: must be one of: current, document"),
        ("minutes: 10", "minutes: 10\nspeed: fast", "lesson.yaml:4: speed: must be a number from 0.1 to 100"),
        ("{get: got}", "{apply: got}", "lesson.yaml:9: steps[0].spoiled[0]: the solution has no 'apply' to spoil"),
        ("spoiled: []", "spoiled: []\n    faults: [Stop the-clock]", "lesson.yaml:15: steps[1].faults[0]: is no fault that there is: it must be TYPE TARGET, for example Stop kube-scheduler"),
        ("{absent: pods/p}", "{during: pods/p, selector: a=b}", "lesson.yaml:7: steps[0].check[0]: asks for nothing: it needs most, fewest_ready or both"),
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
        (TEXT[TEXT.index("## two") : TEXT.index("## end")], "", "zh-hans.md:1: the step 'two' has no section"),
        ("## end:", "## three: X\ny\n### hint\nz\n## end:", "zh-hans.md:29: lesson.yaml has no step 'three'"),
        ("### more\nAnd so.\n", "", "zh-hans.md:3: the step 'one' has no 'more' (it needs hint, more, most)"),
        ("- [x] that", "- [ ] that", "zh-hans.md:3: one choice of the step 'one' must be marked [x]"),
        ("- [ ] this\n- [x] that", "- [x] this\n- [ ] that", "zh-hans.md:3: the choices of the step 'one' are not those of en.md"),
        ("Do it.", "```bash\nls\n```", "zh-hans.md:4: a code block is one of: fails, watch, says, yaml, or plain"),
        ("Bye.", "```\nls", "zh-hans.md:31: a code block is not closed"),
        ("### answer\nThat.\n", "", "zh-hans.md:3: the step 'one' needs both predict and answer, or none"),
        ("### predict", "### guess", "zh-hans.md:5: a part of a step is one of: predict, answer, hint, more, most, done, golf"),
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
        assert 5 <= len(lesson.steps) <= 8

    def test_both_languages_have_the_same_parts_and_the_same_commands(self, folder):
        english, chinese = (catalogue.read_lesson(folder).text_by_language[code] for code in catalogue.LANGUAGES)
        for step_id, section in english.sections.items():
            other = chinese.sections[step_id]
            assert list(section.parts) == list(other.parts), step_id
            for part, text in section.parts.items():
                assert section.blocks(part) == other.blocks(part), (step_id, part)
                assert "\n```\n" not in f"{text}\n" or part in ("", "most", "done"), "what is typed elsewhere is not proven"

    def test_no_file_is_left_over(self, folder):
        lesson = catalogue.read_lesson(folder)
        started = {part.path for part in lesson.start if part.path}
        assert sorted(path.name for path in folder.glob("start/*")) == sorted(started)
        assert sorted(path.name for path in folder.glob("files/*")) == sorted(lesson.files)
        solutions = {part.path for step in lesson.steps for part in step.solution if part.path}
        assert sorted(path.name for path in folder.glob("solution/*")) == sorted(solutions)


def test_a_lesson_is_found_by_its_slug_alone():
    assert catalogue.find("05-deployment").slug == "05-deployment"
    assert catalogue.find("../05-deployment") is None
    assert catalogue.find("") is None


def test_copying_a_lesson_is_all_it_takes_to_have_another(tmp_path):
    shutil.copytree(LESSONS / "05-deployment", tmp_path / "05-copy")
    assert list(catalogue.read_lessons(tmp_path)) == ["05-copy"]


def test_the_original_is_covered_step_by_step():
    chapters = document.chapters()
    assert [len(chapter.parts) for chapter in chapters] == [6, 6, 14, 16]
    covered = {part.lesson.slug for chapter in chapters for part in chapter.parts}
    assert covered == set(catalogue.lessons())


def test_a_mistake_in_the_list_of_the_originals_steps_is_named_with_its_line(tmp_path):
    path = tmp_path / "document.yaml"
    path.write_text("- chapter: {en: A, zh-hans: 甲}\n  parts:\n    - says: {en: B, zh-hans: 乙}\n      lesson: 05-deployment/none\n")
    with pytest.raises(LessonError) as caught:
        document.read(path, catalogue.lessons())
    assert str(caught.value) == f"{path}:4: [0].parts[0].lesson: the lesson 05-deployment has no step 'none'"
