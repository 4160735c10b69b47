"""Manifests that lost their indentation get it back from the schema; what the schema leaves open is asked."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_engine.schema.indentation import MAX_LINES, Repair, is_flat, repair

ROOT = Path(__file__).resolve().parents[3]
MANIFESTS = Path(__file__).parent / "manifests"
MOST_ANSWERS = 40


def flat(text: str) -> str:
    """The text as a page gives it that loses leading space."""
    return "\n".join(line.strip() for line in text.split("\n"))


def lost(text: str) -> str:
    """Lines written in one."""
    return text.replace(" / ", "\n") + "\n"


def column(text: str, line: int) -> int:
    found = text.split("\n")[line - 1]
    return len(found) - len(found.lstrip())


def answered(original: str) -> Repair:
    """The repair of a text, by somebody who knows where each line of it stood and answers every question by that."""
    pasted = flat(original)
    answers: dict[int, str] = {}
    found = repair(pasted)
    for _ in range(MOST_ANSWERS):
        question = next((q for q in found.questions if q.line not in answers), None)
        if question is None:
            break
        for choice in question.choices:
            found = repair(pasted, {**answers, question.line: choice.id})
            if column(found.text, question.line) == column(original, question.line):
                answers[question.line] = choice.id
                break
        else:
            pytest.fail(f"no choice puts {question.source!r} where it stood: {question.choices}")
    return found


def said(found: Repair) -> list[tuple[int, str, list[str], str]]:
    return [(q.line, q.source, [c.id for c in q.choices], q.chosen) for q in found.questions]


# The four manifests of the course that the lessons follow, as they were meant, typing errors included.


@pytest.mark.parametrize("name", ["pod", "deployment", "statefulset"])
def test_a_manifest_of_the_course_comes_back_right_and_nothing_has_to_be_asked(name: str) -> None:
    meant = (MANIFESTS / f"{name}.yaml").read_text()
    found = repair(flat(meant))
    assert found.text == meant
    assert found.questions == ()


def test_typing_errors_are_no_matter_of_indentation_and_stay() -> None:
    found = repair(flat((MANIFESTS / "pod.yaml").read_text()))
    assert "    image: nginx: v1\n" in found.text
    assert "        memory: 1024MiB\n" in found.text
    assert "    securityContext:\n      provoleged: false\n" in found.text
    assert "  labels:\n  - app: nginx\n  annotations:\n  - app: nginx\n" in found.text


# Manifests that are known: without their indentation and with every question answered they are what they were.


def lesson_manifests() -> list[Path]:
    return sorted(path for path in (ROOT / "lessons").glob("*/*/*.y*ml"))


@pytest.mark.parametrize("path", lesson_manifests(), ids=lambda path: "/".join(path.parts[-3:]))
def test_every_manifest_of_the_lessons_comes_back(path: Path) -> None:
    original = path.read_text()
    try:
        meant = list(yaml.safe_load_all(original))
    except yaml.YAMLError:  # one of them is wrong on purpose
        assert answered(original).text == original
    else:
        assert list(yaml.safe_load_all(answered(original).text)) == meant


def stored_objects() -> list[dict[str, Any]]:
    """What a real server stored, without the parts that have no schema: with them, every line would be asked."""
    objects = json.loads((Path(__file__).parent / "stored_objects.json").read_text())
    for found in objects:
        found["metadata"].pop("managedFields", None)
    return [found for found in objects if found["kind"] != "ControllerRevision"]


@pytest.mark.parametrize("stored", stored_objects(), ids=lambda stored: stored["kind"])
def test_every_object_that_a_real_server_stored_comes_back(stored: dict[str, Any]) -> None:
    original = yaml.safe_dump(stored, width=10_000)
    assert yaml.safe_load(answered(original).text) == stored


NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
LABELS = st.dictionaries(NAMES, NAMES, min_size=1, max_size=3)
CONTAINERS = st.fixed_dictionaries(
    {"name": NAMES, "image": NAMES},
    optional={
        "args": st.lists(NAMES, min_size=1, max_size=3),
        "env": st.lists(st.fixed_dictionaries({"name": NAMES}, optional={"value": NAMES}), min_size=1, max_size=3),
        "ports": st.lists(
            st.fixed_dictionaries({"containerPort": st.integers(1, 99)}, optional={"name": NAMES, "protocol": NAMES}),
            min_size=1, max_size=2,
        ),
        "resources": st.fixed_dictionaries({}, optional={
            name: st.fixed_dictionaries({"cpu": st.integers(1, 9)}, optional={"memory": NAMES})
            for name in ("limits", "requests")
        }).filter(bool),
        "livenessProbe": st.fixed_dictionaries(
            {"httpGet": st.fixed_dictionaries({"port": st.integers(1, 99)}, optional={"path": NAMES})},
            optional={"periodSeconds": st.integers(1, 9), "terminationGracePeriodSeconds": st.integers(1, 9)},
        ),
        "securityContext": st.fixed_dictionaries({"runAsUser": st.integers(1, 9)}),
    },
)  # fmt: skip
POD_SPECS = st.fixed_dictionaries(
    {"containers": st.lists(CONTAINERS, min_size=1, max_size=2)},
    optional={
        "nodeSelector": LABELS,
        "securityContext": st.fixed_dictionaries({"runAsUser": st.integers(1, 9)}),
        "restartPolicy": st.just("Always"),
        "terminationGracePeriodSeconds": st.integers(1, 9),
        "volumes": st.lists(
            st.fixed_dictionaries({"name": NAMES, "configMap": st.fixed_dictionaries({"name": NAMES})}), min_size=1,
            max_size=2,
        ),
    },
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.fixed_dictionaries({"labels": LABELS, "name": NAMES}, optional={"namespace": NAMES}), POD_SPECS, st.data())
def test_any_deployment_comes_back_in_any_order_of_its_fields(
    metadata: dict[str, Any], pod_spec: dict[str, Any], data: st.DataObject
) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, list):
            return [shuffled(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {key: shuffled(value[key]) for key in data.draw(st.permutations(sorted(value)))}

    template = {"metadata": {"labels": metadata["labels"]}, "spec": pod_spec}
    spec = {"replicas": 3, "selector": {"matchLabels": metadata["labels"]}, "template": template}
    deployment = shuffled({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    original = yaml.safe_dump(deployment, sort_keys=False)
    assert yaml.safe_load(answered(original).text) == deployment


# What is asked.

SERVICE = lost(
    "apiVersion: v1 / kind: Service / metadata: / name: web / spec: / selector: / app: web / type: NodePort / "
    "ports: / - port: 80"
)
POD = "apiVersion: v1 / kind: Pod / metadata: / name: p / spec: / containers: / "


def test_a_key_that_a_free_map_could_take_as_well_is_asked_and_the_field_is_suggested() -> None:
    found = repair(SERVICE)
    assert said(found) == [(8, "type: NodePort", ["spec", "spec.selector"], "spec")]
    assert "\n  selector:\n    app: web\n  type: NodePort\n" in found.text


def test_an_answer_is_taken() -> None:
    found = repair(SERVICE, {8: "spec.selector"})
    assert "\n  selector:\n    app: web\n    type: NodePort\n  ports:\n  - port: 80\n" in found.text
    # The question stays, so that one may think again.
    assert said(found) == [(8, "type: NodePort", ["spec", "spec.selector"], "spec.selector")]


def test_an_answer_that_fits_nothing_is_not_heeded() -> None:
    assert repair(SERVICE, {8: "status", 99: "spec"}) == repair(SERVICE)


def test_a_field_of_container_and_pod_is_asked_unless_what_lies_below_it_decides() -> None:
    pod = lost(POD + "- name: c / image: i / securityContext:")
    undecided = repair(pod + "runAsUser: 1000\n")
    assert said(undecided) == [(9, "securityContext:", ["spec.containers[0]", "spec"], "spec.containers[0]")]
    assert said(repair(pod + "fsGroup: 1000\n")) == []
    assert repair(pod + "fsGroup: 1000\n").text.endswith("\n  securityContext:\n    fsGroup: 1000\n")
    assert repair(pod + "privileged: true\n").text.endswith("\n    securityContext:\n      privileged: true\n")


def test_a_list_item_that_two_lists_could_take_is_asked() -> None:
    pod = lost(POD + "- name: a / image: i / env: / - name: X / value: y / - name: b")
    assert said(repair(pod)) == [
        (12, "- name: b", ["spec.containers[0].env", "spec.containers"], "spec.containers[0].env")
    ]
    assert said(repair(pod + "image: i")) == []


def test_where_a_text_ends_is_asked_and_its_lines_stay_together() -> None:
    config_map = "apiVersion: v1 / kind: ConfigMap / metadata: / name: c / data: / "
    found = repair(lost(config_map + "a.conf: | / # why /  / x { / } / b.conf: | / y"))
    assert found.text == (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n"
        "  a.conf: |\n    # why\n\n    x {\n    }\n  b.conf: |\n    y\n"
    )
    assert said(found) == [(11, "b.conf: |", ["data", "=data.a.conf"], "data")]


# What is left alone, and the bounds.


def test_only_a_text_without_any_indentation_is_flat() -> None:
    assert is_flat(SERVICE)
    assert not is_flat(repair(SERVICE).text)
    assert not is_flat("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    assert not is_flat("just\nsome\nprose: here\n")


def test_a_document_that_does_not_say_what_it_is_stays_and_the_others_are_repaired() -> None:
    assert repair("a:\nb: 1\n---\n" + SERVICE).text == "a:\nb: 1\n---\n" + repair(SERVICE).text


def test_a_kind_that_nobody_knows_gets_what_all_objects_have() -> None:
    toy = "apiVersion: example.com/v1 / kind: Toy / metadata: / name: bear / labels: / soft: very / spec: / hue: red"
    found = repair(lost(toy))
    assert found.text.endswith("\nmetadata:\n  name: bear\n  labels:\n    soft: very\nspec:\n  hue: red\n")


def test_a_version_that_is_gone_is_read_as_the_one_that_came_after_it() -> None:
    deployment = (MANIFESTS / "deployment.yaml").read_text().replace("apps/v1", "extensions/v1beta1")
    assert repair(flat(deployment)).text == deployment


def test_a_kind_that_an_object_only_speaks_of_is_not_taken_for_its_own() -> None:
    event = "apiVersion: v1 / involvedObject: / apiVersion: v1 / kind: Pod / uid: a / kind: Event / metadata: / name: e"
    found = yaml.safe_load(repair(lost(event)).text)
    assert found["involvedObject"] == {"apiVersion": "v1", "kind": "Pod", "uid": "a"}


def test_a_list_of_objects_is_read_by_what_each_says_that_it_is() -> None:
    text = lost(
        "apiVersion: v1 / kind: List / items: / - apiVersion: v1 / kind: Pod / metadata: / name: a / spec: / "
        "containers: / - name: x / image: y / - apiVersion: v1 / kind: ConfigMap / metadata: / name: b / data: / k: v"
    )
    assert [item["kind"] for item in yaml.safe_load(repair(text).text)["items"]] == ["Pod", "ConfigMap"]


def test_values_over_several_lines_stay_together() -> None:
    text = lost(POD + '- name: c / args: ["a: 1", / "b"] / image: "x # y" # z')
    container = yaml.safe_load(repair(text).text)["spec"]["containers"][0]
    assert container == {"name": "c", "args": ["a: 1", "b"], "image": "x # y"}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([
    "apiVersion: v1", "kind: Pod", "metadata:", "spec:", "- name: a", "- - b", "-", "text", "", "# c", "x: |", "---",
    "y: [", "name: 'b", "containers:", "data:", '"k": v', "? odd", "\t- a: b", "labels:",
]), max_size=25))  # fmt: skip
def test_nothing_but_leading_space_is_ever_changed(lines: list[str]) -> None:
    text = "\n".join(lines)
    repaired = repair(text).text
    assert flat(repaired) == flat(text)


def test_a_text_that_is_too_long_is_refused_in_words() -> None:
    words = "the indentation of 3,001 lines is too much to find; at most 3,000 are read"
    with pytest.raises(ValueError, match=re.escape(words)):
        repair("\n" * MAX_LINES)
