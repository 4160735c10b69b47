"""Strict decoding: Go's words for every fault, Go's canonical form for what is good, and never another exception."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apimachinery.scheme import Resource
from cluster_engine.schema.decode import decode

POD = Resource("", "v1", "Pod", "pods")
DEPLOYMENT = Resource("apps", "v1", "Deployment", "deployments")
CONFIG_MAP = Resource("", "v1", "ConfigMap", "configmaps")
SECRET = Resource("", "v1", "Secret", "secrets")
SERVICE = Resource("", "v1", "Service", "services")


def pod(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


def deployment(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}


def refusal(body: Any, resource: Resource) -> str:
    with pytest.raises(ApiError) as caught:
        decode(body, resource)
    assert (caught.value.code, caught.value.reason) == (400, "BadRequest")
    return caught.value.message


IN_DEPLOYMENT = 'Deployment in version "v1" cannot be handled as a Deployment: '
CANNOT = "json: cannot unmarshal "
IN_POD = 'Pod in version "v1" cannot be handled as a Pod: '
QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def test_unknown_fields_are_all_named() -> None:
    template = {"spec": {"containers": [{"name": "c", "image": "a"}, {"name": "d", "imge": "a"}]}}
    body = deployment(replcas=1, template=template)
    assert refusal(body, DEPLOYMENT) == (
        IN_DEPLOYMENT + 'strict decoding error: unknown field "spec.replcas", '
        'unknown field "spec.template.spec.containers[1].imge"'
    )


def test_fields_are_case_sensitive() -> None:
    assert refusal(pod(Containers=[]), POD) == IN_POD + 'strict decoding error: unknown field "spec.Containers"'


def test_duplicate_fields_are_named() -> None:
    with pytest.raises(ApiError) as caught:
        decode(deployment(), DEPLOYMENT, duplicates=["spec.replicas"])
    assert caught.value.message == IN_DEPLOYMENT + 'strict decoding error: duplicate field "spec.replicas"'


def test_unknown_fields_are_warnings_or_nothing_when_the_client_asks() -> None:
    obj, warnings = decode(deployment(replcas=1), DEPLOYMENT, "Warn")
    assert warnings == ['unknown field "spec.replcas"']
    assert "replcas" not in obj["spec"]
    assert decode(deployment(replcas=1), DEPLOYMENT, "Ignore")[1] == []


@pytest.mark.parametrize(
    ("body", "resource", "message"),
    [
        (
            deployment(replicas="3"),
            DEPLOYMENT,
            CANNOT + "string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            deployment(replicas=1.5),
            DEPLOYMENT,
            CANNOT + "number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            deployment(replicas=2**31),
            DEPLOYMENT,
            CANNOT + "number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            deployment(template={"spec": {"containers": [{"env": [{"name": "A", "value": 1}]}]}}),
            DEPLOYMENT,
            CANNOT + "number into Go struct field EnvVar.spec.template.spec.containers.env.value "
            "of type string",
        ),
        (
            deployment(template={"spec": {"containers": {}}}),
            DEPLOYMENT,
            CANNOT + "object into Go struct field PodSpec.spec.template.spec.containers "
            "of type []v1.Container",
        ),
        (
            deployment(strategy={"rollingUpdate": {"maxSurge": True}}),
            DEPLOYMENT,
            CANNOT + "bool into Go struct field "
            "RollingUpdateDeployment.spec.strategy.rollingUpdate.maxSurge of type int32",
        ),
        (
            {"metadata": {"labels": ["a"]}},
            DEPLOYMENT,
            CANNOT + "array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
        ),
        ({"metadata": "x"}, POD, CANNOT + "string into Go struct field Pod.metadata of type v1.ObjectMeta"),
        (pod(restartPolicy=1), POD, CANNOT + "number into Go struct field PodSpec.spec.restartPolicy "
         "of type v1.RestartPolicy"),
        (pod(nodeSelector={"gpu": 1}), POD, CANNOT + "number into Go struct field PodSpec.spec.nodeSelector "
         "of type string"),
        ({"data": {"a": 5}}, CONFIG_MAP, CANNOT + "number into Go struct field ConfigMap.data of type string"),
        ({"data": {"a": "%"}}, SECRET, "illegal base64 data at input byte 0"),
        (pod(containers=[{"name": "c", "resources": {"limits": {"memory": "1024MiB"}}}]), POD, QUANTITY),
        (
            {"metadata": {"creationTimestamp": "yesterday"}},
            POD,
            'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
        ),
    ],
)  # fmt: skip
def test_a_wrong_type_is_named_as_go_names_it(body: Any, resource: Resource, message: str) -> None:
    assert (
        refusal(body, resource) == f'{resource.kind} in version "v1" cannot be handled as a {resource.kind}: {message}'
    )


def test_a_type_mismatch_hides_unknown_fields() -> None:
    assert "strict decoding error" not in refusal(deployment(replicas="3", foo=1), DEPLOYMENT)


def test_another_kind_is_refused() -> None:
    assert refusal({"kind": "Nope"}, POD) == (
        'Nope in version "v1" cannot be handled as a Pod: no kind "Nope" is registered for version "v1" in scheme '
        '"pkg/api/legacyscheme/scheme.go:30"'
    )
    assert refusal({"kind": "Deployment", "apiVersion": "apps/v1"}, POD) == (
        'Deployment in version "v1" cannot be handled as a Pod: converting (v1.Deployment) to (core.Pod): '
        "unknown conversion"
    )
    assert refusal([], POD) == (
        "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: "
        + CANNOT
        + 'array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
        'Kind string "json:\\"kind,omitempty\\"" } (5b5d)'
    )


def test_what_go_would_not_write_again_is_dropped() -> None:
    body = pod(
        containers=[{"name": "c", "image": "a", "env": [], "args": None, "tty": False}],
        hostNetwork=False,
        terminationGracePeriodSeconds=0,
        nodeName="",
        volumes=[{"name": "v", "emptyDir": {}}],
    )
    body["metadata"]["labels"] = {}
    obj, _ = decode(body, POD)
    assert obj == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "creationTimestamp": None},
        "spec": {
            "containers": [{"name": "c", "image": "a", "resources": {}}],
            "terminationGracePeriodSeconds": 0,
            "volumes": [{"name": "v", "emptyDir": {}}],
        },
        "status": {},
    }


def test_what_go_always_writes_is_there() -> None:
    obj, _ = decode({"metadata": {"name": "x"}, "spec": {"ports": [{"port": 80}]}}, SERVICE)
    assert (obj["apiVersion"], obj["kind"]) == ("v1", "Service")
    assert obj["status"] == {"loadBalancer": {}}
    template = decode(deployment(template={}), DEPLOYMENT)[0]["spec"]["template"]
    assert template["metadata"] == {"creationTimestamp": None}


def test_nulls_in_lists_and_maps_become_zero_values() -> None:
    obj, _ = decode({"data": {"a": None}}, CONFIG_MAP)
    assert obj["data"] == {"a": ""}
    obj, _ = decode(pod(containers=[{"name": "c", "args": [None, "b"]}]), POD)
    assert obj["spec"]["containers"][0]["args"] == ["", "b"]


def test_quantities_and_times_become_canonical() -> None:
    limits = {"cpu": 0.5, "memory": "1024Mi", "nvidia.com/gpu": 1}
    body = pod(containers=[{"name": "c", "resources": {"limits": limits}}])
    body["metadata"]["deletionTimestamp"] = "2026-01-01T02:00:00.5+02:00"
    obj, _ = decode(body, POD)
    assert obj["spec"]["containers"][0]["resources"]["limits"] == {
        "cpu": "500m",
        "memory": "1Gi",
        "nvidia.com/gpu": "1",
    }
    assert obj["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:00Z"


def test_decoding_again_changes_nothing_and_shares_what_it_got() -> None:
    once, _ = decode(
        deployment(replicas=1, template={"spec": {"containers": [{"name": "c", "image": "a"}]}}), DEPLOYMENT
    )
    twice, _ = decode(once, DEPLOYMENT)
    assert twice == once
    assert twice["spec"]["template"] is once["spec"]["template"]


def test_the_body_is_not_changed() -> None:
    body = deployment(replicas=1, paused=False, template={"metadata": {"labels": {}}})
    before = orjson.dumps(body)
    decode(body, DEPLOYMENT)
    assert orjson.dumps(body) == before


def test_depth_without_end_is_refused() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = {"a": deep}
    assert "exceeded max depth" in refusal({"metadata": {"managedFields": [{"fieldsV1": deep}]}}, POD)


fields = st.sampled_from(["metadata", "spec", "status", "labels", "containers", "name", "resources", "limits", "cpu",
                          "env", "data", "replicas", "template", "creationTimestamp", "kind", "apiVersion", "x",
                          "managedFields", "fieldsV1", "strategy", "rollingUpdate", "maxSurge"])  # fmt: skip
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(min_value=10**300, max_value=10**301), st.floats(),
    st.text(max_size=5), st.sampled_from(["\ud800", "1Gi", "v1", "Pod", "apps/v1", "2026-01-01T00:00:00Z"]),
)  # fmt: skip
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=4), max_leaves=20
)


@settings(max_examples=200, deadline=None)
@given(anything, st.sampled_from([POD, DEPLOYMENT, CONFIG_MAP, SECRET, SERVICE]), st.sampled_from(["Strict", "Ignore"]))
def test_any_body_gives_an_object_or_an_api_error(body: Any, resource: Resource, validation: Any) -> None:
    try:
        obj, _ = decode(body, resource, validation)
    except ApiError as error:
        orjson.dumps(error.status()["message"].encode("utf-8", "replace").decode())
        return
    orjson.dumps(obj)
    assert decode(obj, resource)[0] == obj
