"""What a proxy hands back: headers, links, and what a container says that makes no sense."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_engine.apimachinery.errors import ApiError
from cluster_engine.apiserver.kubelet_api import ProxyAnswer
from cluster_engine.containers.network.client import parse_reply
from cluster_engine.http import proxying
from cluster_engine.http.message import HttpRequest, encoded_headers

HEAD = "/api/v1/namespaces/default/pods/p/proxy"


def request(rest: str) -> HttpRequest:
    return HttpRequest("GET", HEAD + rest, "", {"host": "cluster:8001"})


def handed_back(
    body: str, rest: str = "/a/b.html", *headers: tuple[str, str], kind: str = "text/html"
) -> tuple[str, dict[str, str]]:
    answer = ProxyAnswer(200, (("Content-Type", kind), *headers), body.encode())
    response = proxying.answer_of(answer, request(rest), rest)
    return response.body.decode(), dict(response.headers)


@pytest.mark.parametrize(
    ("page", "rest", "seen"),
    [
        ('<a href="/page">', "/", '<a href="page">'),
        ('<a href="/page">', "/a/b.html", '<a href="../page">'),
        ('<a class="x" href="/page?a=b#c">', "/a/b/", '<a class="x" href="../../page?a=b#c">'),
        ("<img src=/i.png alt=i>", "/", "<img src=i.png alt=i>"),
        ("<FORM ACTION='/'>", "/a/", "<FORM ACTION='.././'>"),
        ('<a href="page"><a href="//elsewhere/x"><a href="https://elsewhere/">', "/", None),
        ('the text href="/page" and <a>/page</a>', "/", None),
    ],
)
def test_links_from_the_root_stay_within_the_proxy(page: str, rest: str, seen: str | None) -> None:
    assert handed_back(page, rest)[0] == (page if seen is None else seen)


def test_only_pages_are_changed() -> None:
    assert handed_back('<a href="/page">', kind="text/plain")[0] == '<a href="/page">'
    assert handed_back('<a href="/page">', "/a/", ("Content-Encoding", "gzip"))[0] == '<a href="/page">'


@pytest.mark.parametrize(
    ("location", "seen"),
    [
        ("/login?next=/x", "../login?next=/x"),
        ("http://cluster:8001/", ".././"),
        ("https://elsewhere.example/", "https://elsewhere.example/"),
        ("page", "page"),
    ],
)
def test_a_redirection_stays_within_the_proxy(location: str, seen: str) -> None:
    assert handed_back("", "/a/b.html", ("Location", location))[1]["Location"] == seen


def test_what_a_browser_must_not_take_from_a_container() -> None:
    _body, headers = handed_back("x", "/", ("Set-Cookie", "a=b"), ("Content-Security-Policy", "x"), ("X-Own", "kept"))
    assert headers == {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff", "X-Own": "kept"}


def test_a_redirection_that_is_no_url() -> None:
    with pytest.raises(ApiError) as refused:
        handed_back("", "/", ("Location", "http://[::1"))
    message = "Internal error occurred: error trying to parse Location header: http://[::1"
    assert (refused.value.code, refused.value.message) == (500, message)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.binary(max_size=60)
    | st.binary(max_size=40).map(lambda head: b"HTTP/1.1 " + head + b"\r\n\r\nbody")
    | st.integers(0, 9999).map(lambda status: b"HTTP/1.1 %d X\r\n\r\n" % status)
    | st.builds(lambda value: b"HTTP/1.1 302 Found\r\nLocation: " + value + b"\r\n\r\n", st.binary(max_size=30)),
    st.sampled_from(["/", "/a", "/a/b/"]),
)
def test_whatever_a_container_answers(data: bytes, rest: str) -> None:
    try:
        reply = parse_reply(data, head_only=False, ended=True)
    except ValueError:
        return
    if reply is None:
        return
    answer = ProxyAnswer(reply.status, tuple(reply.headers), reply.body)
    with contextlib.suppress(ApiError):  # a Location that is no URL
        response = proxying.answer_of(answer, request(rest), rest)
        assert 200 <= response.code <= 599
        assert not any(b"\n" in name + value for name, value in encoded_headers(response))
