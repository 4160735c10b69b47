"""Whatever is sent, the answer is a Status or what was asked for: never a 500, and nothing inside fails."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster_engine.http.message import HttpResponse
from tests.api.harness import POD, Api

TRIES = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": POD["spec"]},
    },
}
COLLECTIONS = [
    "/api/v1/namespaces/default/pods",
    "/api/v1/namespaces/default/configmaps",
    "/api/v1/namespaces/default/services",
    "/api/v1/nodes",
    "/apis/apps/v1/namespaces/default/deployments",
    "/apis/apps/v1/namespaces/default/statefulsets",
    "/apis/batch/v1/namespaces/default/jobs",
    "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
    "/apis/authentication.k8s.io/v1/tokenreviews",
    "/api/v1/namespaces/default/serviceaccounts/default/token",
]
words = st.sampled_from([
    "metadata", "spec", "name", "namespace", "labels", "apiVersion", "kind", "containers", "image", "replicas",
    "selector", "matchLabels", "template", "rules", "verbs", "subjects", "roleRef", "data", "v1", "Pod", "default",
    "status", "finalizers", "ownerReferences", "ports", "resources", "limits", "cpu", "token", "user", "$patch",
    "$retainKeys", "$setElementOrder/containers", "$deleteFromPrimitiveList/finalizers", "managedFields",
])  # fmt: skip
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=12), words)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def fuzzed() -> Api:
    api = Api()
    api.post("/api/v1/namespaces/default/pods", POD)
    api.post("/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT)
    return api


def ask(api: Api, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
    """Sends it; a stream is ended at once, a whole answer must be well formed."""
    response = api.raw(method, url, body, headers or {})
    faults = list(api.cluster.trace.faults)
    api.cluster.trace.faults.clear()
    assert faults == []
    if not isinstance(response, HttpResponse):
        watch = getattr(response, "watch", None)
        if watch is not None:
            while watch.pop() is not None:
                pass
            watch.stop()
        return
    assert response.code != 500, response.body
    if response.code >= 400 and method != "HEAD":
        status = json.loads(response.body)
        assert status["kind"] == "Status"
        assert status["code"] == response.code
        assert status["message"]


def dumped(value: Any) -> bytes:
    """As JSON, with what JSON has no words for (NaN, half of a surrogate pair) as Python writes it."""
    return json.dumps(value).encode("utf-8", "surrogatepass")


def grafted(base: Any, path: list[int], value: Any) -> Any:
    """A copy of `base` in which the place that `path` leads to has another value."""
    if not path or not isinstance(base, (dict, list)) or not base:
        return value
    if isinstance(base, list):
        index = path[0] % len(base)
        return [grafted(item, path[1:], value) if i == index else item for i, item in enumerate(base)]
    key = sorted(base)[path[0] % len(base)]
    return {**base, key: grafted(base[key], path[1:], value)}


@TRIES
@given(st.sampled_from(COLLECTIONS), values)
def test_any_value_as_a_body(fuzzed: Api, url: str, value: Any) -> None:
    ask(fuzzed, "POST", f"{url}?dryRun=All", dumped(value))
    ask(fuzzed, "PUT", f"{url}/d?dryRun=All", dumped(value))
    ask(fuzzed, "DELETE", f"{url}/d?dryRun=All", dumped(value))


@TRIES
@given(values, st.lists(st.integers(0, 50), max_size=4))
def test_any_value_as_the_body_of_a_subresource(fuzzed: Api, value: Any, path: list[int]) -> None:
    scale = {"metadata": {"name": "d"}, "spec": {"replicas": 1}}
    binding = {"metadata": {"name": "p"}, "target": {"name": "k8s-node01"}}
    eviction = {"metadata": {"name": "p"}, "deleteOptions": {"gracePeriodSeconds": 1}}
    namespace = {"metadata": {"name": "default"}, "spec": {"finalizers": []}}
    for base, method, url in (
        (scale, "PUT", f"{COLLECTIONS[4]}/d/scale"),
        (binding, "POST", f"{COLLECTIONS[0]}/p/binding"),
        (eviction, "POST", f"{COLLECTIONS[0]}/p/eviction"),
        (namespace, "PUT", "/api/v1/namespaces/default/finalize"),
        (namespace, "PUT", "/api/v1/namespaces/default/status"),
    ):
        for body in (value, grafted(base, path, value)):
            ask(fuzzed, method, f"{url}?dryRun=All", dumped(body))


@TRIES
@given(st.sampled_from([POD, DEPLOYMENT]), st.lists(st.integers(0, 50), min_size=1, max_size=7), values)
def test_a_good_manifest_with_one_odd_place(fuzzed: Api, base: Any, path: list[int], value: Any) -> None:
    body = dumped(grafted(base, path, value))
    url = COLLECTIONS[0] if base is POD else COLLECTIONS[4]
    for mode in ("Strict", "Warn", "Ignore"):
        ask(fuzzed, "POST", f"{url}?dryRun=All&fieldValidation={mode}", body)
    ask(fuzzed, "PUT", f"{url}/{base['metadata']['name']}?dryRun=All", body)


@TRIES
@given(st.sampled_from(["application/merge-patch+json", "application/strategic-merge-patch+json"]), values,
       st.lists(st.integers(0, 50), max_size=6), st.sampled_from(["", "/status", "/scale"]))  # fmt: skip
def test_any_value_as_a_patch(fuzzed: Api, media: str, value: Any, path: list[int], subresource: str) -> None:
    url = f"{COLLECTIONS[4]}/d{subresource}?dryRun=All"
    ask(fuzzed, "PATCH", url, dumped(value), {"content-type": media})
    ask(fuzzed, "PATCH", url, dumped(grafted(DEPLOYMENT, path, value)), {"content-type": media})


@TRIES
@given(values, st.lists(st.integers(0, 50), max_size=6))
def test_any_value_as_an_applied_configuration(fuzzed: Api, value: Any, path: list[int]) -> None:
    headers = {"content-type": "application/apply-patch+yaml"}
    for body in (value, grafted(DEPLOYMENT, path, value)):
        ask(fuzzed, "PATCH", f"{COLLECTIONS[4]}/d?fieldManager=me&dryRun=All", dumped(body), headers)
        ask(fuzzed, "PATCH", f"{COLLECTIONS[4]}/new?fieldManager=me&force=true&dryRun=All", dumped(body), headers)


JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "j"},
    "spec": {"template": {"spec": {**POD["spec"], "restartPolicy": "Never"}}},
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "s"},
    "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]},
}
KEPT = {
    "/api/v1/namespaces/default/services": SERVICE,
    "/apis/batch/v1/namespaces/default/jobs": JOB,
    COLLECTIONS[0]: {**POD, "metadata": {"name": "q"}},
    COLLECTIONS[4]: {**DEPLOYMENT, "metadata": {"name": "e"}},
}


@TRIES
@given(st.sampled_from(sorted(KEPT)), st.lists(st.integers(0, 50), max_size=7), scalars)
def test_what_is_taken_in_harms_no_component(fuzzed: Api, url: str, path: list[int], value: Any) -> None:
    body = dumped(grafted(KEPT[url], path, value))
    ask(fuzzed, "POST", f"{url}?fieldValidation=Ignore", body)
    fuzzed.cluster.run_for(3)
    ask(fuzzed, "DELETE", f"{url}?gracePeriodSeconds=0")
    fuzzed.cluster.run_for(3)
    faults = list(fuzzed.cluster.trace.faults)
    fuzzed.cluster.trace.faults.clear()
    assert faults == []


pointers = st.lists(words | st.sampled_from(["0", "-", "~0", "~1", "~", "-1", "99"]), max_size=5).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)
operations = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "x"]) | scalars},
        optional={"path": pointers | scalars, "from": pointers | scalars, "value": values},
    )
    | values,
    max_size=4,
)


@TRIES
@given(operations)
def test_any_json_patch(fuzzed: Api, patch: Any) -> None:
    headers = {"content-type": "application/json-patch+json"}
    ask(fuzzed, "PATCH", f"{COLLECTIONS[4]}/d?dryRun=All", dumped(patch), headers)
    ask(fuzzed, "PATCH", f"{COLLECTIONS[0]}/p?dryRun=All", dumped(patch), headers)


@TRIES
@given(
    st.binary(max_size=200),
    st.sampled_from(["application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "text/plain", ""]),
)
def test_any_bytes_as_a_body(fuzzed: Api, data: bytes, media: str) -> None:
    headers = {"content-type": media} if media else {}
    for body in (data, b"k8s\x00" + data, b"k8s\x00\x0a\x09\x0a\x02v1\x12\x03Pod\x12" + bytes([len(data)]) + data):
        ask(fuzzed, "POST", f"{COLLECTIONS[0]}?dryRun=All", body, headers)
    ask(fuzzed, "PATCH", f"{COLLECTIONS[0]}/p", data, {"content-type": "application/apply-patch+yaml"})


names = st.sampled_from([
    "labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "resourceVersionMatch", "watch",
    "sendInitialEvents", "timeoutSeconds", "dryRun", "fieldValidation", "fieldManager", "pretty", "includeObject",
    "gracePeriodSeconds", "propagationPolicy", "orphanDependents", "allowWatchBookmarks",
])  # fmt: skip
options = st.sampled_from([
    "", "0", "1", "-1", "true", "a=b", "a in (b", "!a", "metadata.name=p", "status.phase!=x", "%00",
])  # fmt: skip
queries = st.lists(st.tuples(names, options | st.text(max_size=15)), max_size=4)


@TRIES
@given(st.sampled_from(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]), st.sampled_from(COLLECTIONS), queries)
def test_any_query(fuzzed: Api, method: str, url: str, query: list[tuple[str, str]]) -> None:
    from urllib.parse import quote

    text = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in query)
    for place in (url, f"{url}/p"):
        ask(fuzzed, method, f"{place}?{text}&dryRun=All")


@TRIES
@given(st.lists(st.sampled_from(["api", "apis", "v1", "apps", "namespaces", "default", "pods", "p", "watch", "log",
                                 "openapi", "v3", "v2", "", "..", "%2e", "%00", "%ff", "healthz", "exec", "é"])
                | st.text(max_size=5), max_size=7))  # fmt: skip
def test_any_path(fuzzed: Api, parts: list[str]) -> None:
    path = "/" + "/".join(part.replace("?", "") for part in parts)
    for method in ("GET", "POST", "PUT"):
        ask(fuzzed, method, path, b"{}")


header_names = st.sampled_from([
    "accept", "content-type", "authorization", "user-agent", "impersonate-user", "impersonate-group",
    "impersonate-extra-x", "accept-encoding",
])  # fmt: skip
header_values = st.text(max_size=30) | st.sampled_from(["Bearer a.b.c", "application/json;as=Table", "gzip", ";;,"])


@TRIES
@given(st.dictionaries(header_names, header_values))
def test_any_headers(fuzzed: Api, headers: dict[str, str]) -> None:
    if "impersonate-user" not in headers:
        headers = {name: value for name, value in headers.items() if not name.startswith("impersonate")}
    ask(fuzzed, "GET", COLLECTIONS[0], b"", headers)
    ask(fuzzed, "POST", f"{COLLECTIONS[1]}?dryRun=All", b'{"metadata":{"name":"x"}}', headers)
