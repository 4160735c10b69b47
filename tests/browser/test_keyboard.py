"""Every page by keyboard alone: Tab goes through all of it and out again, and one always sees where one is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import new_context
from tests.browser.server import Server

MOST_STOPS = 250
PAGES = ("/", "/lessons/", "/lessons/document/", "/accounts/sign-up/", "/accounts/sign-in/", "/sandboxes/")
# Where the focus is: a name for it, whether it can be seen, and whether something shows that it is there.
HERE = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const box = element.getBoundingClientRect();
  const marks = [element, element.parentElement, element.closest('.xterm, .cm-editor, label, .panel, .dock'),
    element.querySelector('.hit, .halo')].filter(Boolean).map(one => getComputedStyle(one));
  const marked = marks.some(style => (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
    || style.boxShadow !== 'none' || (style.stroke && style.stroke !== 'none' && parseFloat(style.strokeWidth) > 0));
  const inView = box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight
    && box.width > 0 && box.height > 0;
  const words = element.getAttribute('aria-label') ?? element.textContent.trim().slice(0, 40);
  return [`${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''} ${words}`, inView,
    marked || element.matches('.xterm-helper-textarea, .cm-content')];
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("site"))
    server.start()
    yield server
    server.stop()


def stops(page: Page) -> list[str]:
    """Presses Tab until the focus has left the page; returns where it stopped. Fails where it cannot be seen."""
    found: list[str] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        here = page.evaluate(HERE)
        if here is None:
            return found
        name, in_view, marked = here
        assert in_view, f"{name} is out of sight, after {found[-3:]}"
        assert marked, f"nothing shows that the focus is on {name}, after {found[-3:]}"
        found.append(name)
        if "xterm-helper-textarea" in name or "cm-content" in name:
            page.keyboard.press("Escape")  # Tab means something else here, and this is the way out
            if "xterm-helper-textarea" in name:
                continue
    raise AssertionError(f"Tab never leaves the page; at the end it goes through {found[-8:]}")


def begin(page: Page, slug: str = "15-delete-adopt", seen: bool = True) -> None:
    page.goto("/lessons/")
    page.locator(f'form[action$="/{slug}/start/"] button').first.click()
    page.wait_for_url("**/sandboxes/*/")
    if seen:
        expect(page.locator(".xterm-rows").first).to_contain_text("$")


def test_tab_goes_through_every_page_and_the_skip_link_comes_first(page: Page) -> None:
    begin(page)
    for path in PAGES:
        page.goto(path)
        found = stops(page)
        skip = "a.skip visually-hidden Skip to the content"
        # A form that is all that a page is for has the focus from the start; Shift+Tab leads before it.
        assert found[0] == skip or page.locator("[autofocus]").count() == 1, path
        assert len(found) >= 4, path
        page.locator("a.skip").focus()
        expect(page.locator("a.skip")).to_be_in_viewport()
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#main"


def test_tab_goes_through_the_workspace_terminal_and_editor_included(page: Page) -> None:
    begin(page)
    expect(page.locator('[data-drawing] g.pod[data-state="ready"]').first).to_be_attached()
    found = stops(page)
    for part in ("g.head", "div.split", "xterm-helper-textarea"):
        assert [stop for stop in found if part in stop] != [], f"{part} in {found}"
    page.locator("[data-file-tabs] [role=tab]").first.click()
    page.locator("a.skip").focus()
    assert [stop for stop in stops(page) if "cm-content" in stop] != []


def test_the_terminal_and_the_editor_say_how_to_leave_them(page: Page) -> None:
    begin(page)
    words = "Terminal. Tab completes; press Escape, then Tab, or Shift and Tab, to leave."
    terminal = page.get_by_role("textbox", name=words)
    terminal.focus()
    page.keyboard.type("kubectl versi")
    page.keyboard.press("Tab")
    expect(page.locator(".xterm-rows").first).to_contain_text("kubectl version")
    expect(terminal).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(terminal).not_to_be_focused()

    page.locator("[data-file-tabs] [role=tab]").first.click()
    editor = page.get_by_role("textbox", name="Editor. Tab indents; press Escape, then Tab, to leave.")
    editor.focus()
    page.keyboard.press("Tab")
    expect(editor).to_be_focused()
    status = page.locator("[data-editor-status]")
    expect(status).to_have_text("Tab indents here. Press Escape, then Tab, to leave the editor.")


def test_a_lesson_is_done_by_keyboard_alone(page: Page) -> None:
    page.goto("/lessons/")
    page.locator('form[action$="/05-deployment/start/"] button').first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/sandboxes/*/")
    expect(page.locator(".xterm-rows").first).to_contain_text("$")
    solution = page.locator('[data-step="create"] details.solution')
    solution.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # "Type it for me" puts it into the terminal, and the focus with it
    page.keyboard.press("Enter")
    expect(page.locator('[data-step="create"][data-done]')).to_be_attached()
    page.locator("[data-drawing] g.pod").first.wait_for()
    page.locator('[data-drawing] [tabindex="0"]').first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-drawer]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-drawer]")).to_be_hidden()


def test_nothing_is_lost_at_twice_the_size(chromium: Browser, server: Server) -> None:
    # A window of 1280 × 800 at 200 % has room for half as many of CSS' pixels.
    context = new_context(chromium, server, viewport={"width": 640, "height": 400}, device_scale_factor=2)
    page = context.new_page()
    for path in ("/", "/lessons/", "/lessons/document/", "/accounts/sign-up/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 640, path
    begin(page, seen=False)
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    panels = {"lesson": ".lesson h2", "cluster": "[data-drawing]", "terminal": ".xterm-rows", "editor": ".cm-content"}
    for panel, shown in panels.items():
        page.locator(f'.bottombar [data-show="{panel}"]').click()
        expect(page.locator(shown).first).to_be_in_viewport()
    context.close()


def test_nothing_moves_for_those_who_want_no_motion(chromium: Browser, server: Server) -> None:
    context = new_context(chromium, server, reduced_motion="reduce")
    page = context.new_page()
    begin(page)
    page.locator(".xterm-helper-textarea").first.focus()
    page.keyboard.insert_text("kubectl scale statefulset web --replicas=5")
    page.keyboard.press("Enter")
    expect(page.locator("[data-drawing] g.pod:not(.is-leaving)")).to_have_count(5)
    slow = """() => document.getAnimations()
      .filter(moving => moving.playState === 'running' && moving.effect.getComputedTiming().duration > 50)
      .map(moving => moving.animationName ?? moving.transitionProperty)"""
    assert page.evaluate(slow) == []
    context.close()
