"""Bodies: JSON, YAML and protobuf, their limits and their faults; and the documents that describe them."""

# ruff: noqa: E501 - one whole message a line
from __future__ import annotations

import gzip
import json

import pytest

from cluster_engine.http.body import MAX_BODY_BYTES
from tests.api.harness import Api, watching

MAPS = "/api/v1/namespaces/default/configmaps"
V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"


def test_a_body_without_a_media_type_is_json(api: Api) -> None:
    assert api.call("POST", MAPS, {"metadata": {"name": "a"}}).code == 201


def test_a_body_may_be_yaml(api: Api) -> None:
    answer = api.call("POST", MAPS, b"metadata:\n  name: a\ndata:\n  b: c\n", content_type="application/yaml")
    assert (answer.code, answer.body["data"]) == (201, {"b": "c"})


def test_a_field_that_stands_twice_is_told(api: Api) -> None:
    for name, media, body in (
        ("yy", "application/yaml", b"metadata:\n  name: yy\ndata:\n  b: c\n  b: d\n"),
        ("j", "application/json", b'{"metadata":{"name":"j"},"data":{"b":"c","b":"d"}}'),
    ):
        strict = api.call("POST", f"{MAPS}?fieldValidation=Strict", body, content_type=media)
        assert strict.message == 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.b"'
        warned = api.call("POST", MAPS, body, content_type=media)
        assert (warned.code, warned.headers["Warning"]) == (201, '299 - "duplicate field \\"data.b\\""')
        assert api.get(f"{MAPS}/{name}")["data"] == {"b": "d"}


@pytest.mark.parametrize(
    ("method", "url", "media", "message"),
    [
        ("POST", MAPS, "application/xml", "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf"),
        ("PATCH", f"{MAPS}/kube-root-ca.crt", "application/json", "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml"),
    ],
)
def test_an_unknown_format_is_415(api: Api, method: str, url: str, media: str, message: str) -> None:
    answer = api.call(method, url, b"<a/>", content_type=media)
    assert (answer.code, answer.body["reason"], answer.message) == (415, "UnsupportedMediaType", message)


def test_a_body_that_is_too_large_is_413(api: Api) -> None:
    answer = api.call("POST", MAPS, b"x" * (MAX_BODY_BYTES + 1))
    assert (answer.code, answer.message) == (413, f"Request entity too large: limit is {MAX_BODY_BYTES}")


async def test_a_body_that_is_too_large_is_not_kept(api: Api) -> None:
    async with watching(api, MAPS) as stream:
        assert (await stream.message())["status"] == 200
    from cluster_engine.http.asgi import _read_body

    part = {"type": "http.request", "body": b"x" * 1_000_000, "more_body": True}
    messages = [part, part, part, part, {**part, "more_body": False}]

    async def receive() -> dict:
        return messages.pop(0)

    assert await _read_body(receive) is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"),
        (b"{", "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({)"),
        (b"{x}", "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: invalid character 'x' looking for beginning of value ({x})"),
        (b'{"kind":"Pod","apiVersion":"v1"}', 'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion'),
    ],
)
def test_a_body_of_something_else_is_refused(api: Api, body: bytes, message: str) -> None:
    answer = api.call("POST", MAPS, body)
    assert (answer.code, answer.message) == (400, message)


def test_delete_options_come_in_the_body_or_in_the_query(api: Api) -> None:
    api.config_map("a")
    assert api.call("DELETE", f"{MAPS}/a", {"dryRun": ["All"]}).code == 200
    assert api.call("DELETE", f"{MAPS}/a?dryRun=All").code == 200
    wrong = api.call("DELETE", f"{MAPS}/a", {"propagationPolicy": "Gently"})
    assert wrong.message == 'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Gently": supported values: "Foreground", "Background", "Orphan", "nil"'
    other = api.call("DELETE", f"{MAPS}/a", {"preconditions": {"uid": "x"}})
    assert (other.code, other.body["reason"]) == (409, "Conflict")
    assert api.call("DELETE", f"{MAPS}/a").code == 200


def test_documents_of_v3_are_cached_by_their_hash(api: Api) -> None:
    index = api.get("/openapi/v3")["paths"]
    url = index["apis/apps/v1"]["serverRelativeURL"]
    answer = api.raw("GET", url, headers={"accept-encoding": "gzip"})
    headers = dict(answer.headers)
    assert headers["Cache-Control"] == "public, immutable, max-age=31536000"
    document = json.loads(gzip.decompress(answer.body))
    assert "io.k8s.api.apps.v1.Deployment" in document["components"]["schemas"]
    assert api.raw("GET", url, headers={"if-none-match": headers["Etag"]}).code == 304
    assert api.call("GET", "/openapi/v3/apis/nothing/v1").code == 404


def test_the_document_of_v2_is_json_or_protobuf(api: Api) -> None:
    document = api.get("/openapi/v2")
    assert document["swagger"] == "2.0"
    assert document["definitions"]["io.k8s.apimachinery.pkg.api.resource.Quantity"] == {"type": "string"}
    answer = api.raw("GET", "/openapi/v2", headers={"accept": V2_PROTOBUF})
    assert answer.content_type == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
    assert answer.body.startswith(b"\x0a\x032.0\x12")  # field 1: swagger, field 2: info
    assert b"io.k8s.api.apps.v1.Deployment" in answer.body


def test_discovery_is_had_whole_or_in_parts(api: Api) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    answer = api.call("GET", "/apis", accept=accept)
    assert answer.content_type == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    apps = next(item for item in answer.body["items"] if item["metadata"]["name"] == "apps")
    names = [resource["resource"] for resource in apps["versions"][0]["resources"]]
    plain = [r["name"] for r in api.get("/apis/apps/v1")["resources"] if "/" not in r["name"]]
    assert names == plain
    assert api.get("/apis/apps")["preferredVersion"]["groupVersion"] == "apps/v1"
    assert api.get("/version")["gitVersion"] == "v1.32.4"
    assert "/metrics" in api.get("/")["paths"]


def test_figures_count_requests_and_objects(api: Api) -> None:
    api.config_map("a")
    text = api.raw("GET", "/metrics").body.decode()
    assert 'apiserver_request_total{code="201",resource="configmaps",verb="CREATE"} 1\n' in text
    assert 'apiserver_storage_objects{resource="nodes"} 3\n' in text
