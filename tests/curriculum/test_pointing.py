"""What a step misses is pointed at: the file and the line in which the learner's manifest says it."""

import pytest
import yaml
from django.utils import translation

from cluster_engine.cluster import Cluster, ClusterConfig
from playground.curriculum import catalogue, pointing, progress
from playground.curriculum.checks import first_lack
from playground.curriculum.reading import Sight

LESSON = catalogue.find("05-deployment")
FILES = LESSON.files
TEXT = FILES["dc-nginx.yaml"]


@pytest.fixture
def cluster():
    return Cluster(ClusterConfig(seed=3))


def create(cluster, text=TEXT):
    cluster.client("test").create("deployments.apps", yaml.safe_load(text), "default")
    cluster.run_for(30)


def place(cluster, step_id, files=FILES):
    sight = Sight(cluster)
    lack = first_lack(LESSON.step(step_id).checks, sight)
    return pointing.point(lack, sight, files)


def line_of(words, text=TEXT):
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def test_what_is_not_there_yet_is_pointed_at_where_it_is_described(cluster):
    found = place(cluster, "create")
    assert (found.path, found.line) == ("dc-nginx.yaml", line_of("name: nginx-deployment"))
    assert str(found) == f"It is described in dc-nginx.yaml, line {found.line}."


def test_a_field_with_another_value_is_pointed_at_in_its_line(cluster):
    create(cluster)
    found = place(cluster, "update")
    assert str(found) == f"It stands in dc-nginx.yaml, line {line_of('image: nginx')}."
    with translation.override("zh-hans"):
        assert str(found) == f"它写在 dc-nginx.yaml 第 {line_of('image: nginx')} 行。"


def test_a_manifest_that_says_it_already_is_to_be_applied(cluster):
    create(cluster)
    files = {"notes.txt": "kind: of", "mine.yaml": TEXT.replace("nginx:1.7.9", "nginx:1.9.1")}
    found = place(cluster, "update", files)
    assert str(found) == f"mine.yaml says so already, in line {line_of('image: nginx')}: apply it."


def test_a_pod_is_looked_for_in_the_template_of_who_made_it(cluster):
    create(cluster)
    cluster.client("test").patch(
        "deployments.apps", "nginx-deployment", {"spec": {"replicas": 4}}, "default", patch_type="merge"
    )
    cluster.run_for(30)
    sight = Sight(cluster)
    check = LESSON.step("apply").checks[1]
    lack = check.lacking(sight)
    assert "run nginx:1.9.2" in lack.sentence
    found = pointing.point(lack, sight, FILES)
    assert (found.path, found.line) == ("dc-nginx.yaml", line_of("image: nginx"))


def test_a_field_that_is_not_written_is_pointed_at_where_it_belongs(cluster):
    text = TEXT.replace("  replicas: 3\n", "")
    create(cluster, text)
    found = place(cluster, "create", {"dc-nginx.yaml": text})
    assert (found.line, found.agrees) == (line_of("spec:", text), False)


@pytest.mark.parametrize("files", [
    {}, {"other.yaml": TEXT.replace("name: nginx-deployment", "name: other")}, {"broken.yaml": "kind: [Deployment"},
    {"far.yaml": TEXT.replace("  name: nginx-deployment", "  name: nginx-deployment\n  namespace: far")},
    {"long.yaml": TEXT + "#" * 60_000},
])  # fmt: skip
def test_where_no_manifest_says_it_nothing_is_pointed_at(cluster, files):
    assert place(cluster, "create", files) is None


def test_the_message_carries_the_place_and_its_words(cluster):
    sight = Sight(cluster)
    found = progress.look(LESSON, sight, set())
    told = progress.message(LESSON, found, progress.places(LESSON, sight, found, FILES))
    line = line_of("name: nginx-deployment")
    words = f"It is described in dc-nginx.yaml, line {line}."
    assert told["steps"]["create"]["place"] == {"path": "dc-nginx.yaml", "line": line, "words": words}
    assert "place" not in told["steps"]["rollout"], "that step comes after another one"
