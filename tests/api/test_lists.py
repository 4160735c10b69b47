"""Lists: at a revision, in pages, as tables, and what is said when that cannot be."""

# ruff: noqa: E501 - one whole message a line
from __future__ import annotations

import base64
import gzip
import json

import pytest

from tests.api.harness import POD, Api

MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def names(listing: dict) -> list[str]:
    return [item["metadata"]["name"] for item in listing["items"]]


def test_a_list_continues_at_the_revision_of_its_first_page(api: Api) -> None:
    for name in "bcdef":
        api.config_map(name)
    first = api.get(f"{MAPS}?limit=2")
    assert names(first) == ["b", "c"]
    assert first["metadata"]["remainingItemCount"] == 4  # d, e, f and kube-root-ca.crt
    api.call("DELETE", f"{MAPS}/d")
    api.config_map("dd")
    api.call("PUT", f"{MAPS}/e", {"metadata": {"name": "e"}, "data": {"changed": "yes"}})
    second = api.get(f"{MAPS}?limit=2&continue={first['metadata']['continue']}")
    assert names(second) == ["d", "e"]
    assert "data" not in second["items"][1]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    third = api.get(f"{MAPS}?limit=9&continue={second['metadata']['continue']}")
    assert names(third) == ["f", "kube-root-ca.crt"]
    assert "continue" not in third["metadata"]


def test_an_object_in_an_older_list_has_the_version_that_it_had(api: Api) -> None:
    api.config_map("a")
    made = api.get(f"{MAPS}/a")["metadata"]["resourceVersion"]
    then = api.get(MAPS)["metadata"]["resourceVersion"]
    api.call("DELETE", f"{MAPS}/a")
    listing = api.get(f"{MAPS}?resourceVersion={then}&resourceVersionMatch=Exact")
    assert {i["metadata"]["name"]: i["metadata"]["resourceVersion"] for i in listing["items"]}["a"] == made
    assert "a" not in names(api.get(f"{MAPS}?resourceVersion={then}"))
    assert "a" not in names(api.get(f"{MAPS}?resourceVersion={then}&resourceVersionMatch=NotOlderThan"))
    assert "a" in names(api.get(f"{MAPS}?resourceVersion={then}&limit=500"))  # a limit makes it exact


def test_a_page_whose_revision_is_forgotten_says_how_to_go_on(api: Api) -> None:
    for name in "abcd":
        api.config_map(name)
    first = api.get(f"{MAPS}?limit=2")
    api.config_map("bb")
    api.cluster.store.compact(api.cluster.store.revision)
    expired = api.call("GET", f"{MAPS}?limit=2&continue={first['metadata']['continue']}")
    assert (expired.code, expired.body["reason"]) == (410, "Expired")
    assert expired.message == (
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
    )
    rest = api.get(f"{MAPS}?continue={expired.body['metadata']['continue']}")
    assert names(rest) == ["bb", "c", "d", "kube-root-ca.crt"]


def test_an_exact_revision_that_is_forgotten_is_gone(api: Api) -> None:
    then = api.get(MAPS)["metadata"]["resourceVersion"]
    api.config_map("a")
    api.cluster.store.compact(api.cluster.store.revision)
    answer = api.call("GET", f"{MAPS}?resourceVersion={then}&resourceVersionMatch=Exact")
    assert (answer.code, answer.message) == (410, "The resourceVersion for the provided list is too old.")


@pytest.mark.parametrize("url", [f"{MAPS}?resourceVersion=99999", f"{MAPS}/kube-root-ca.crt?resourceVersion=99999"])
def test_a_revision_that_has_not_been_yet_is_too_large(api: Api, url: str) -> None:
    answer = api.call("GET", url)
    assert answer.code == 504
    assert answer.message == f"Timeout: Too large resource version: 99999, current: {api.cluster.store.revision}"
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    assert answer.body["details"] == {"causes": [cause], "retryAfterSeconds": 1}
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("resourceVersionMatch=Exact", 422, 'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided'),
        ("resourceVersion=0&resourceVersionMatch=Exact", 422, 'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
        ("resourceVersion=1&resourceVersionMatch=Some", 422, 'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Unsupported value: "Some": supported values: "Exact", "NotOlderThan"'),
        ("sendInitialEvents=true", 422, 'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'),
        ("resourceVersion=x", 400, 'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax'),
        ("limit=x", 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("limit=99999999999999999999", 400, 'strconv.ParseInt: parsing "99999999999999999999": value out of range'),
        ("continue=%21", 400, "invalid continue token: continue key is not valid"),
        ("continue=abc&resourceVersion=3", 400, "specifying resource version is not allowed when using continue"),
        ("labelSelector=a==b==c", 400, None),
        ("fieldSelector=spec.x=1", 400, "field label not supported: spec.x"),
    ],
)
def test_options_that_do_not_go_together_are_refused(api: Api, query: str, code: int, message: str | None) -> None:
    answer = api.call("GET", f"{MAPS}?{query}")
    assert answer.code == code
    if message is not None:
        assert answer.message == message


def test_a_forged_continue_token_reads_nothing_that_it_should_not(api: Api) -> None:
    for value in ({"rv": 5}, {"rv": "5", "start": "/a"}, {"rv": True, "start": "/a"}, {"rv": 0, "start": ""}, [], 7):
        token = base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
        assert api.call("GET", f"{MAPS}?continue={token}").code == 400


def test_a_list_as_a_table_continues_too(api: Api) -> None:
    api.pods(3)
    first = api.get("/api/v1/pods?limit=2", accept=TABLE)
    assert first["kind"] == "Table"
    assert [row["cells"][0] for row in first["rows"]] == ["p000", "p001"]
    assert first["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    second = api.get(f"/api/v1/pods?limit=2&continue={first['metadata']['continue']}&includeObject=None", accept=TABLE)
    assert [row["cells"][0] for row in second["rows"]] == ["p002"]
    assert "object" not in second["rows"][0]


def test_metadata_alone_can_be_had(api: Api) -> None:
    api.pods(1)
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    listing = api.get("/api/v1/pods", accept=accept)
    assert (listing["kind"], listing["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    assert set(listing["items"][0]) == {"kind", "apiVersion", "metadata"}


def test_large_lists_are_compressed_for_clients_that_accept_it(api: Api) -> None:
    for index in range(15):
        api.config_map(f"big{index}", text="x" * 10_000)
    answer = api.call("GET", MAPS, accept_encoding="gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(answer.body))["items"]) == 16
    assert "Content-Encoding" not in api.call("GET", MAPS).headers
    assert "Content-Encoding" not in api.call("GET", f"{MAPS}/big1", accept_encoding="gzip").headers


def test_people_get_pretty_json_and_yaml_on_request(api: Api) -> None:
    api.config_map("a")
    plain = api.raw("GET", f"{MAPS}/a").body
    assert plain.count(b"\n") == 1
    assert api.raw("GET", f"{MAPS}/a?pretty=true").body.startswith(b'{\n  "')
    assert api.raw("GET", f"{MAPS}/a", headers={"user-agent": "curl/8.5"}).body.startswith(b'{\n  "')
    assert api.raw("GET", f"{MAPS}/a?pretty=false", headers={"user-agent": "curl/8.5"}).body == plain
    as_yaml = api.raw("GET", f"{MAPS}/a", headers={"accept": "application/yaml"})
    assert (as_yaml.content_type, b"\nkind: ConfigMap\n" in as_yaml.body) == ("application/yaml", True)


def test_what_nobody_writes_is_not_acceptable(api: Api) -> None:
    answer = api.call("GET", MAPS, accept="application/xml")
    assert (answer.code, answer.body["reason"]) == (406, "NotAcceptable")
    assert answer.message == "only the following media types are accepted: application/json, application/yaml"


def test_head_answers_as_get_without_a_body(api: Api) -> None:
    api.post("/api/v1/namespaces/default/pods", POD)
    head = api.raw("HEAD", "/api/v1/namespaces/default/pods/p")
    whole = api.raw("GET", "/api/v1/namespaces/default/pods/p")
    assert (head.code, head.body) == (200, b"")
    assert ("Content-Length", str(len(whole.body))) in head.headers
    assert api.raw("HEAD", "/api/v1/namespaces/default/pods/q").code == 404


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", "/api/v1/namespaces/default/pods/p"),
        ("PUT", "/api/v1/namespaces/default/pods"),
        ("PATCH", "/api/v1/namespaces/default/pods"),
        ("OPTIONS", "/api/v1/namespaces/default/pods"),
        ("DELETE", "/api/v1/namespaces/default/pods/p/status"),
        ("GET", "/api/v1/namespaces/default/pods/p/binding"),
        ("POST", "/version"),
    ],
)
def test_methods_that_a_path_does_not_take_are_405(api: Api, method: str, url: str) -> None:
    answer = api.call(method, url, {})
    assert (answer.code, answer.body["reason"]) == (405, "MethodNotAllowed")
    assert answer.message == "the server does not allow this method on the requested resource"


@pytest.mark.parametrize("url", ["/api/v2/pods", "/apis/apps/v1/nothing", "/foo", "/api/v1/pods/p", "/api/v1/namespaces/default/nodes/n"])
def test_paths_that_are_nothing_are_404_with_a_status(api: Api, url: str) -> None:
    answer = api.call("GET", url)
    assert (answer.code, answer.message) == (404, "the server could not find the requested resource")


def test_names_are_decoded_once(api: Api) -> None:
    answer = api.call("GET", "/api/v1/namespaces/default/configmaps/a%2525b")
    assert answer.message == 'configmaps "a%25b" not found'
