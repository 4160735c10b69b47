"""Every kind of page, light and dark, in both languages: axe-core finds nothing against it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import new_context
from tests.server import Server

Scheme = Literal["light", "dark"]
LOCALES = {"en": "en-GB", "zh-hans": "zh-CN"}
PASSWORD = "glass-and-moss-42"
PAGES = (
    "/", "/lessons/", "/lessons/?q=nothing-like-that", "/lessons/document/", "/accounts/sign-up/", "/accounts/sign-in/",
    "/nowhere/",
)  # fmt: skip
FLAT = "apiVersion: v1\nkind: Service\nmetadata:\nname: web\nspec:\nselector:\napp: web\ntype: NodePort\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("site"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=[(language, scheme) for language in LOCALES for scheme in ("light", "dark")], ids="-".join)
def visitor(request: pytest.FixtureRequest, chromium: Browser, server: Server) -> Iterator[Page]:
    """A page of somebody who has just come, in one language and one scheme."""
    language, scheme = request.param
    context: BrowserContext = new_context(
        chromium, server, locale=LOCALES[language], color_scheme=scheme, reduced_motion="reduce", bypass_csp=True
    )
    page = context.new_page()
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", language)
    yield page
    context.close()


def begin(page: Page, slug: str) -> None:
    page.goto("/lessons/")
    page.locator(f'form[action$="/{slug}/start/"] button').first.click()
    page.wait_for_url("**/sandboxes/*/")
    expect(page.locator(".xterm-rows").first).to_contain_text("$")


def type_line(page: Page, line: str) -> None:
    page.locator(".xterm-helper-textarea").first.focus()
    page.keyboard.insert_text(line)
    page.keyboard.press("Enter")


def test_the_pages_around_the_workspace(visitor: Page) -> None:
    for path in PAGES:
        visitor.goto(path)
        assert violations(visitor) == [], path
    visitor.goto("/accounts/sign-up/")
    visitor.locator("form.form button, main form button").last.click()
    assert violations(visitor) == [], "a refused sign-up"


def test_a_lesson_with_pods_and_its_panels_open(visitor: Page) -> None:
    begin(visitor, "05-deployment")
    assert violations(visitor) == [], "as it comes"
    type_line(visitor, "kubectl create -f dc-nginx.yaml")
    expect(visitor.locator('[data-drawing] g.pod[data-state="ready"]')).to_have_count(3, timeout=60_000)
    visitor.evaluate("document.querySelectorAll('#lesson details').forEach(details => { details.open = true })")
    assert violations(visitor) == [], "with pods, hints and solutions"
    visitor.locator("[data-drawing] g.pod").first.focus()
    visitor.keyboard.press("Enter")
    expect(visitor.locator("[data-drawer-body] pre").first).to_be_visible()
    assert violations(visitor) == [], "with the drawer"


def test_the_views_of_the_cluster_and_the_repair_of_a_manifest(visitor: Page) -> None:
    begin(visitor, "15-delete-adopt")
    for view in visitor.locator("[data-view]").all():
        view.click()
        assert violations(visitor) == [], view.text_content()
    visitor.locator("[data-file-plus]").click()
    assert violations(visitor) == [], "while a file gets its name"
    visitor.locator("#new-file-name").fill("service.yaml")
    visitor.keyboard.press("Enter")
    visitor.locator(".cm-content").click()
    visitor.keyboard.insert_text(FLAT)
    expect(visitor.locator("[data-repair-offer] button").first).to_be_visible()
    assert violations(visitor) == [], "with the offer"
    visitor.locator("[data-repair-offer] button").first.click()
    assert violations(visitor) == [], "with the review"
    visitor.keyboard.press("Escape")
    visitor.goto("/sandboxes/")
    assert violations(visitor) == [], "the list of sandboxes"


def test_the_pages_of_those_who_teach(visitor: Page, server: Server) -> None:
    begin(visitor, "01-control-plane")
    name = f"teacher-{re.sub('[^a-z0-9]', '', visitor.url)[-6:]}"
    visitor.goto("/accounts/sign-up/")
    for field, value in (("username", name), ("password1", PASSWORD), ("password2", PASSWORD)):
        visitor.locator(f"[name={field}]").fill(value)
    visitor.keyboard.press("Enter")
    visitor.wait_for_url("**/lessons/")
    server.manage("make_instructor", name)
    visitor.goto("/review/")
    assert violations(visitor) == []
    visitor.locator("main a").first.click()
    expect(visitor.locator("main")).to_be_visible()
    assert violations(visitor) == []


def test_a_sandbox_that_is_shared_and_taken_back(visitor: Page) -> None:
    begin(visitor, "05-deployment")
    type_line(visitor, "kubectl create namespace one")
    type_line(visitor, "undo")
    visitor.locator(".again > summary").click()
    assert violations(visitor) == [], "the ways to begin again"
    visitor.locator(".again > summary").click()
    visitor.locator(".share > summary").click()
    visitor.locator(".share-panel form.make button").click()
    link = visitor.locator(".share-panel pre code")
    expect(link).to_be_visible()
    assert violations(visitor) == [], "the panel with a link"
    visitor.goto(link.inner_text())
    assert violations(visitor) == [], "what the link leads to"
