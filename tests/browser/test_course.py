"""A lesson in the browser: what is missing is pointed at in the manifest, and the commands are counted."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.test_rewind import ROLLOUT_MS, begin, ticked


def test_what_is_missing_is_pointed_at_and_the_commands_are_counted(page: Page) -> None:
    workspace = begin(page)
    create = page.locator('[data-step="create"]')
    pointer = create.locator("[data-place]")
    expect(pointer).to_have_text("It is described in dc-nginx.yaml, line 4.")
    pointer.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".cm-activeLine")).to_contain_text("name: nginx-deployment")
    page.get_by_role("tab", name="Terminal 1").click()
    workspace.type("kubectl get deployments")
    workspace.type("kubectl create -f dc-nginx.yaml")
    expect(ticked(page, "create")).to_be_visible(timeout=ROLLOUT_MS)
    expect(pointer).to_be_hidden()
    expect(create.locator("[data-step-golf]")).to_have_text("Commands: 1; the shortest known way takes 1.")
    expect(page.locator('[data-step="update"] [data-place]')).to_have_text("It stands in dc-nginx.yaml, line 19.")
