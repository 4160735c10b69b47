"""A link is made by keyboard, and somebody else goes on from there."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import new_context
from tests.browser.workspace import ROLLOUT_MS, Workspace, open_workspace
from tests.server import Server


def test_a_link_made_by_keyboard_gives_somebody_else_a_copy(page: Page, chromium: Browser, server: Server) -> None:
    workspace = open_workspace(page)
    workspace.type("kubectl create deployment web --image=nginx --replicas=2")
    expect(workspace.pods()).to_have_count(2, timeout=ROLLOUT_MS)

    page.locator(".share > summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Share this sandbox")).to_be_visible()
    page.get_by_label("Title", exact=True).focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("Two web servers")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Here is the link.")).to_be_visible()
    link = page.locator(".share-panel pre code").inner_text()

    context = new_context(chromium, server, locale="zh-CN")
    try:
        other = context.new_page()
        other.goto(link)
        expect(other.get_by_role("heading", name="Two web servers")).to_be_visible()
        expect(other.locator(".shared-commands")).to_contain_text("kubectl create deployment web")
        other.get_by_role("button", name="打开一份副本").focus()
        other.keyboard.press("Enter")
        other.wait_for_url("**/sandboxes/**")
        theirs = Workspace(other)
        expect(theirs.pods()).to_have_count(2, timeout=ROLLOUT_MS)
        theirs.type("kubectl scale deployment web --replicas=1")
        expect(theirs.pods()).to_have_count(1, timeout=ROLLOUT_MS)
        expect(workspace.pods()).to_have_count(2)

        page.get_by_role("button", name="Withdraw the link “Two web servers”").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("The link leads nowhere any more.")).to_be_visible()
        answer = other.goto(link)
        assert answer is not None
        assert answer.status == 404
    finally:
        context.close()
