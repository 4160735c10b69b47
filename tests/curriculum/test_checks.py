"""Checks on plain objects: what they accept, and the sentence that says what is missing."""

import pytest
from django.utils import translation

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.cluster import Cluster, ClusterConfig
from playground.curriculum import fieldpath
from playground.curriculum.parse_checks import parse_checks
from playground.curriculum.reading import Sight
from playground.curriculum.source import LessonError, load


class Objects:
    """A reader over a few objects, as the engine's client gives them."""

    def __init__(self, **by_resource):
        self.by_resource = {name.replace("__", "."): objects for name, objects in by_resource.items()}

    def get(self, resource, name, namespace=""):
        for obj in self.by_resource.get(resource, []):
            if obj["metadata"]["name"] == name and obj["metadata"].get("namespace", "default") == namespace:
                return obj
        raise ApiError(404, "NotFound", f'{resource} "{name}" not found')

    def list(self, resource, namespace="", *, label_selector=""):
        wanted = dict(pair.split("=") for pair in label_selector.split(",") if pair)
        found = [
            obj
            for obj in self.by_resource.get(resource, [])
            if wanted.items() <= obj["metadata"].get("labels", {}).items()
        ]
        return type("Listing", (), {"items": found})


def pod(name, image="nginx:1.9.1", *, ready=True, waiting="", created="2026-01-01T00:00:00Z", **meta):
    status = {"phase": "Running" if ready else "Pending", "conditions": [{"type": "Ready", "status": str(ready)}]}
    if waiting:
        status["containerStatuses"] = [{"name": "nginx", "state": {"waiting": {"reason": waiting}}}]
    return {
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "nginx"}, "creationTimestamp": created, **meta},
        "spec": {"containers": [{"name": "nginx", "image": image}]},
        "status": status,
    }


def deployment(replicas=3, /, image="nginx:1.9.1", **status):
    at_rest = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas)
    return {
        "kind": "Deployment",
        "metadata": {"name": "d", "generation": 2},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "nginx", "image": image}]}}},
        "status": {"observedGeneration": 2, **at_rest, **status},
    }


@pytest.fixture
def check(tmp_path):
    """Return a function that gives what is missing, for checks as a lesson declares them."""

    def missing(yaml, reader):
        path = tmp_path / "checks.yaml"
        path.write_text(yaml)
        (one,) = parse_checks(load(path))
        return one.missing(reader)

    return missing


RUN_191 = """
- objects: pods
  selector: app=nginx
  count: 3
  each: {"spec.containers[nginx].image": "nginx:1.9.1"}
"""


def test_pods_that_all_have_the_value_fulfil_it(check):
    assert check(RUN_191, Objects(pods=[pod("web-0"), pod("web-1"), pod("web-2")])) is None


def test_a_pod_with_another_value_is_named_with_both_values(check):
    pods = [pod("web-0"), pod("web-1"), pod("web-2", "nginx:1.7.9")]
    assert check(RUN_191, Objects(pods=pods)) == (
        "2 of 3 pods run nginx:1.9.1; web-2 still runs nginx:1.7.9."
    )


def test_the_sentence_is_chinese_for_whoever_reads_chinese(check):
    pods = [pod("web-0"), pod("web-1"), pod("web-2", "nginx:1.7.9")]
    with translation.override("zh-hans"):
        assert check(RUN_191, Objects(pods=pods)) == (
            "3 个 Pod 里有 2 个运行 nginx:1.9.1；web-2 运行的还是 nginx:1.7.9。"
        )


def test_many_pods_that_differ_are_not_all_named(check):
    pods = [pod(f"web-{n}", "old") for n in range(5)]
    assert check(RUN_191, Objects(pods=pods)) == (
        "0 of 5 pods run nginx:1.9.1; web-0 still runs old, web-1 still runs old, web-2 still runs old, 2 more."
    )


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (0, "There are no pods of this step yet; it asks for 3."),
        (1, "There is 1 of the pods; the step asks for 3."),
        (4, "There are 4 of the pods; the step asks for 3."),
    ],
)
def test_another_count_is_refused(check, count, sentence):
    assert check(RUN_191, Objects(pods=[pod(f"web-{n}") for n in range(count)])) == sentence


def test_pods_that_the_selector_does_not_select_do_not_count(check):
    other = pod("other", "redis")
    other["metadata"]["labels"] = {"app": "redis"}
    assert check(RUN_191, Objects(pods=[other, *(pod(f"web-{n}") for n in range(3))])) is None


READY = "[{objects: pods, selector: app=nginx, count: {at_least: 1}, is: ready}]"


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (pod("p"), None),
        (pod("p", ready=False, waiting="ContainerCreating"),
         "0 of 1 pods are ready; p is not ready (ContainerCreating)."),
        (pod("p", ready=False), "0 of 1 pods are ready; p is not ready (Pending)."),
        (pod("p", deletionTimestamp="2026-01-01T00:00:00Z"), "0 of 1 pods are ready; p is being deleted."),
    ],
)  # fmt: skip
def test_a_pod_that_is_not_ready_or_on_its_way_out_says_why(check, one, sentence):
    assert check(READY, Objects(pods=[one])) == sentence


ROLLED_OUT = "[{object: deployments.apps/d, is: rolled-out}]"


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ({}, None),
        ({"observedGeneration": 1}, "Deployment d has a change that its controller has not seen yet."),
        ({"updatedReplicas": 1}, "Deployment d: 1 of 3 pods are of the new revision."),
        ({"replicas": 4}, "Deployment d: 1 old pod is on its way out."),
        ({"availableReplicas": 2}, "Deployment d: 2 of 3 pods are available."),
    ],
)
def test_a_deployment_is_rolled_out_when_its_status_has_caught_up_with_its_spec(check, status, sentence):
    assert check(ROLLED_OUT, Objects(deployments__apps=[deployment(**status)])) == sentence


@pytest.mark.parametrize(
    ("expected", "accepted", "refused"),
    [
        ("3", 3, 4),
        ("{at_least: 2}", 2, 1),
        ("{at_most: 3}", 3, 4),
        ("{not: 4}", 3, 4),
        ("{one_of: [2, 3]}", 3, 4),
    ],
)
def test_a_value_is_compared_as_declared(check, expected, accepted, refused):
    yaml = f"[{{object: deployments.apps/d, fields: {{spec.replicas: {expected}}}}}]"
    assert check(yaml, Objects(deployments__apps=[deployment(accepted)])) is None
    assert check(yaml, Objects(deployments__apps=[deployment(refused)])) is not None


def test_a_number_that_an_annotation_writes_as_text_is_a_number(check):
    obj = {"metadata": {"name": "d", "annotations": {"deployment.kubernetes.io/revision": "10"}}}
    yaml = """
- object: deployments.apps/d
  fields: {'metadata.annotations["deployment.kubernetes.io/revision"]': {at_least: 9}}
"""
    assert check(yaml, Objects(deployments__apps=[obj])) is None


def test_an_object_that_is_not_there_yet_is_said_so(check):
    assert check(ROLLED_OUT, Objects()) == "There is no Deployment d yet."


def test_an_absent_object_must_be_gone_and_not_only_going(check):
    yaml = "[{absent: pods/p}]"
    assert check(yaml, Objects()) is None
    assert check(yaml, Objects(pods=[pod("p")])) == "Pod p is still there."
    assert check(yaml, Objects(pods=[pod("p", deletionTimestamp="x")])) == "Pod p is being deleted."


def test_newer_than_asks_for_a_later_creation(check):
    yaml = "[{object: pods/a, newer_than: b}]"
    old, new = pod("a"), pod("a", created="2026-01-01T00:00:09Z")
    other = pod("b", created="2026-01-01T00:00:05Z")
    assert check(yaml, Objects(pods=[new, other])) is None
    assert check(yaml, Objects(pods=[old, other])) == "Pod a is still the first of that name: it is older than b."
    assert check(yaml, Objects(pods=[new])) == "There is no Pod b yet."


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.replicas", 3),
        ("spec.template.spec.containers[nginx].image", "nginx:1.9.1"),
        ("spec.template.spec.containers[0].name", "nginx"),
        ("spec.template.spec.containers[image=nginx:1.9.1].name", "nginx"),
        ('metadata["name"]', "d"),
        ("spec.template.spec.containers[1].name", None),
        ("spec.template.spec.containers[redis].name", None),
        ("spec.replicas.deeper", None),
    ],
)
def test_a_field_path_leads_to_its_value_or_to_none(path, value):
    assert fieldpath.resolve(deployment(), path) == value


@pytest.mark.parametrize("path", ["", ".spec", "spec..x", "spec[", "spec[]"])
def test_what_is_no_field_path_is_refused(path):
    with pytest.raises(ValueError, match="field path"):
        fieldpath.parse(path)


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("- nothing: here", "{path}:1: [0]: a check starts with one of: object, objects, absent, during"),
        ("\n- object: pods", "{path}:2: [0].object: must be RESOURCE/NAME, for example deployments.apps/nginx-deployment"),
        ("- object: pods/p\n  fiels: {}", "{path}:2: [0]: unknown key 'fiels' (known: object, namespace, fields, is, newer_than)"),
        ("- object: pods/p\n  is: happy", "{path}:2: [0].is: there is no condition 'happy' (there are: ready, rolled-out, failing-to-pull)"),
        ("- objects: pods", "{path}:1: [0]: 'count' is missing"),
        ("- objects: pods\n  count: {about: 3}", "{path}:2: [0].count: must be a value or a mapping with one of: is, not, at_least, at_most, one_of, contains, starts_with, set"),
        ("[]", "{path}:1: : a step needs at least one check, else nothing ticks it off"),
    ],
)  # fmt: skip
def test_a_check_that_is_wrong_is_refused_with_its_line(tmp_path, yaml, message):
    path = tmp_path / "checks.yaml"
    path.write_text(yaml)
    with pytest.raises(LessonError) as caught:
        parse_checks(load(path))
    assert str(caught.value) == message.format(path=path)


class TestDuring:
    """Checks of what happened since the last change, on a real cluster."""

    @pytest.fixture
    def cluster(self):
        cluster = Cluster(ClusterConfig(seed=5))
        cluster.run_for(1)
        template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
        spec = {"replicas": 4, "selector": {"matchLabels": {"app": "web"}}, "template": template}
        cluster.client("test").create(
            "deployments.apps", {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "web"}, "spec": spec}, "default"
        )  # fmt: skip
        cluster.run_for(20)
        return cluster

    def update(self, cluster, **spec):
        client = cluster.client("test")
        deployment = client.get("deployments.apps", "web", "default")
        template = {**deployment["spec"]["template"], "spec": {"containers": [{"name": "c", "image": "nginx:1.9.1"}]}}
        client.update("deployments.apps", {**deployment, "spec": {**deployment["spec"], "template": template, **spec}})
        cluster.run_for(30)

    def test_the_bounds_of_a_rolling_update_are_kept(self, check, cluster):
        self.update(cluster)
        bounds = "[{during: deployments.apps/web, selector: app=web, most: 5, fewest_ready: 3}]"
        assert check(bounds, Sight(cluster)) is None

    def test_a_bound_that_was_not_kept_is_said_though_all_is_well_now(self, check, cluster):
        self.update(cluster, strategy={"type": "Recreate"})
        bounds = "[{during: deployments.apps/web, selector: app=web, fewest_ready: {at_least: 3}}]"
        words = "Since the last change, at the lowest point 0 pods were ready; the step asks for at least 3."
        assert check(bounds, Sight(cluster)) == words
        bounds = "[{during: deployments.apps/web, selector: app=web, most: 5}]"
        words = "Since the last change there were up to 4 pods at a time; the step asks for 5."
        assert check(bounds, Sight(cluster)) == words

    def test_pods_of_others_are_not_counted(self, check, cluster):
        self.update(cluster)
        bounds = "[{during: deployments.apps/web, selector: app=other, most: 0}]"
        assert check(bounds, Sight(cluster)) is None
