"""What a lesson page ships, and that it is compressed. How long it takes is for `make bench`: tests share a machine."""

from playwright.sync_api import Page

from bench.page import load, open_lesson

MOST_SCRIPT_KB = 350  # compressed; what is promised


def test_the_scripts_of_a_lesson_are_light_and_compressed(page: Page) -> None:
    open_lesson(page)
    answers = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 (it marks what it calls)
    sizes = load(page, page.url)
    assert 100_000 < sizes["script"] < MOST_SCRIPT_KB * 1000
    by_name = {answer.url.rpartition("/")[2]: answer.headers.get("content-encoding") for answer in answers}
    for name in ("editor.js", "terminal.js", "workspace.js", "workspace.css", "base.css"):
        assert by_name[name] == "gzip", name
    # What the islands share is asked for by the page itself, not only when an island has been read.
    shared = [name for name in by_name if name.startswith("chunk-")]
    assert shared != []
    assert page.locator("link[rel=modulepreload]").count() == len(shared)
    pages = [answer for answer in answers if answer.request.resource_type == "document"]
    assert [answer.headers.get("content-encoding") for answer in pages] == ["gzip"]


def test_a_client_that_takes_no_compression_gets_none(page: Page) -> None:
    answer = page.request.get("/static/dist/editor.js", headers={"Accept-Encoding": "identity"})
    assert answer.status == 200
    assert "content-encoding" not in answer.headers
