"""The editor's lint: what is wrong is said in Kubernetes' words, at its place, and nothing is written."""

import pytest

from cluster_engine.cluster import Cluster
from playground.sandboxes.manifest_check import check
from tests.site.manifests import DEPLOYMENT, STATEFUL_SET


@pytest.fixture
def cluster():
    cluster = Cluster()
    cluster.run_for(2)
    return cluster


def faults(cluster, text):
    """(line, column, message) of each fault; checking must write nothing."""
    before = cluster.revision
    found = check(cluster.server, text)
    assert cluster.revision == before
    assert all(fault.line >= 1 and fault.column >= 1 for fault in found)
    assert all((fault.end_line, fault.end_column) > (fault.line, fault.column) for fault in found)
    return [(fault.line, fault.column, fault.message) for fault in found]


@pytest.mark.parametrize("text", [DEPLOYMENT, STATEFUL_SET, "", "# nothing yet\n", "---\n---\n", "{}"[:0]])
def test_what_can_be_applied_has_no_faults(cluster, text):
    assert faults(cluster, text) == []


def test_an_unknown_field_is_marked_by_its_name(cluster):
    text = DEPLOYMENT.replace("replicas: 3", "replica: 3").replace("image:", "imag:")
    assert faults(cluster, text) == [
        (6, 3, 'unknown field "spec.replica"'),
        (15, 9, 'unknown field "spec.template.spec.containers[0].imag"'),
    ]


def test_a_value_of_the_wrong_type_is_marked_in_its_line(cluster):
    found = faults(cluster, DEPLOYMENT.replace("replicas: 3", "replicas: three"))
    assert found == [
        (
            6,
            13,
            'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go '
            "struct field DeploymentSpec.spec.replicas of type int32",
        )
    ]


def test_a_value_that_is_not_allowed_is_marked_in_its_line(cluster):
    found = faults(cluster, DEPLOYMENT.replace("replicas: 3", "replicas: -1"))
    assert found == [(6, 13, "spec.replicas: Invalid value: -1: must be greater than or equal to 0")]


def test_what_is_missing_is_marked_where_it_should_stand(cluster):
    found = faults(cluster, DEPLOYMENT.replace("        image: nginx:1.9.1\n", ""))
    assert found == [(14, 9, "spec.template.spec.containers[0].image: Required value")]


def test_broken_yaml_is_marked_with_line_and_column(cluster):
    found = faults(cluster, DEPLOYMENT.replace("  replicas: 3", " replicas: 3\n   x: 1"))
    assert found == [(7, 5, "yaml: line 7: mapping values are not allowed in this context")]


def test_a_fault_in_one_document_does_not_hide_those_of_another(cluster):
    text = "a: [\n---\n" + DEPLOYMENT.replace("replicas: 3", "replica: 3")
    found = faults(cluster, text)
    assert [line for line, _, _ in found] == [1, 8]


def test_an_unknown_kind_is_marked(cluster):
    found = faults(cluster, DEPLOYMENT.replace("kind: Deployment", "kind: Deploymint"))
    assert found == [(2, 7, 'no matches for kind "Deploymint" in version "apps/v1"')]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("apiVersion: v1\nmetadata: {name: x}\n", "Object 'Kind' is missing"),
        ("kind: Pod\nmetadata: {name: x}\n", "Object 'apiVersion' is missing"),
        ("hello", "a manifest is a mapping with apiVersion, kind and metadata"),
        ("- a\n", "a manifest is a mapping with apiVersion, kind and metadata"),
        ("apiVersion: v1\nkind: [Pod]\n", "kind must be a string"),
        ("apiVersion: v1\nkind: Pod\nmetadata: []\n", "metadata must be a mapping"),
    ],
)
def test_what_is_no_object_is_said_to_be_none(cluster, text, message):
    assert [found for _, _, found in faults(cluster, text)] == [message]


def test_the_items_of_a_list_are_checked_at_their_places(cluster):
    text = (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n  dta: {}\n"
        "- apiVersion: v1\n  kind: Nonsense\n"
    )
    assert faults(cluster, text) == [
        (7, 3, 'unknown field "dta"'),
        (9, 9, 'no matches for kind "Nonsense" in version "v1"'),
    ]


def test_a_key_that_stands_twice_is_marked(cluster):
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: b\n  a: c\n"
    assert [(line, column) for line, column, _ in faults(cluster, text)] == [(6, 3)]


def test_a_namespace_that_the_manifest_makes_is_there_for_what_follows(cluster):
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n---\n"
    config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: team}\n"
    assert faults(cluster, namespace + config_map) == []
    assert [message for _, _, message in faults(cluster, config_map)] == ['namespaces "team" not found']


def test_a_change_of_what_may_not_change_is_marked_when_the_object_is_there(cluster):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "immutable": True, "data": {"a": "1"}}
    cluster.client("test").request("create", "configmaps", "default", body=body)
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\nimmutable: true\ndata:\n  a: '2'\n"
    found = faults(cluster, text)
    assert found == [(5, 1, "data: Forbidden: field is immutable when `immutable` is set")]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"b{i}: &b{i} [*{'a' if i == 0 else f'b{i - 1}'}{', *a' * 8}]\n" for i in range(60)),
        "[" * 50_000,
        "{a: " * 50_000,
        "apiVersion: v1\nkind: Pod\nmetadata: &m\n  labels: *m\n",
        "\t",
        "%",
        "---\n" * 10_000,
        "apiVersion: v1\n\tkind: Pod",
        "key: !!python/object/apply:os.system ['true']",
    ],
)
def test_hostile_yaml_is_answered_and_not_followed(cluster, text):
    assert len(faults(cluster, text)) <= 50


def test_of_very_many_documents_only_the_first_are_checked(cluster):
    one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x{}}}\n"
    text = "---\n".join(one.format(number) for number in range(300))
    found = check(cluster.server, text)
    assert [(fault.message, fault.severity) for fault in found] == [
        ("only the first 100 of 300 documents are checked as you type", "warning")
    ]
