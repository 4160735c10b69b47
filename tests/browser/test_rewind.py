"""Undo and reset as a learner uses them: by a word, by a button, by a key; and by a server that dies right after."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.workspace import Workspace
from tests.server import Server

ROLLOUT_MS = 60_000


def begin(page: Page, slug: str = "05-deployment") -> Workspace:
    """Begin a lesson as a guest."""
    page.goto("/lessons/")
    page.locator(f'form[action$="/{slug}/start/"] button').first.click()
    page.wait_for_url("**/sandboxes/**")
    expect(page.locator(".xterm-rows").first).to_contain_text("kubectl get nodes")
    return Workspace(page)


def ticked(page: Page, step: str) -> Locator:
    return page.locator(f'[data-step="{step}"][data-done]')


def screen(page: Page) -> Locator:
    return page.locator(".xterm-rows").first


def test_a_word_a_button_and_a_key_take_back_and_do_again(page: Page) -> None:
    workspace = begin(page)
    workspace.type("kubectl create -f dc-nginx.yaml")
    expect(ticked(page, "create")).to_be_visible(timeout=ROLLOUT_MS)
    pods = page.locator("[data-drawing] g.pod:not(.is-leaving)")
    expect(pods).to_have_count(3)

    workspace.type("undo")
    expect(screen(page)).to_contain_text("Taken back: kubectl create -f dc-nginx.yaml")
    expect(ticked(page, "create")).to_have_count(0)
    expect(pods).to_have_count(0)

    page.get_by_role("button", name="Do it again").click()
    expect(screen(page)).to_contain_text("Done again: kubectl create -f dc-nginx.yaml")
    expect(ticked(page, "create")).to_be_visible()
    expect(pods).to_have_count(3)

    page.keyboard.press("Alt+z")
    expect(ticked(page, "create")).to_have_count(0)
    page.keyboard.press("Alt+Shift+z")
    expect(ticked(page, "create")).to_be_visible()

    page.get_by_text("Begin again").click()
    page.get_by_role("button", name="The whole lesson").click()
    expect(screen(page)).to_contain_text("Back at the beginning. To return, type: redo")
    expect(ticked(page, "create")).to_have_count(0)
    workspace.type("kubectl get deployments")
    expect(screen(page)).to_contain_text("No resources found in default namespace.")


def test_a_server_that_is_killed_after_an_undo_comes_back_taken_back(page: Page, server: Server) -> None:
    workspace = begin(page)
    workspace.type("kubectl create namespace one")
    expect(screen(page)).to_contain_text("namespace/one created")
    workspace.type("undo")
    expect(screen(page)).to_contain_text("Taken back: kubectl create namespace one")
    server.kill()
    server.start()
    page.reload()
    expect(screen(page)).to_contain_text("Taken back: kubectl create namespace one")
    workspace.type("kubectl get namespace one")
    expect(screen(page)).to_contain_text('namespaces "one" not found')
    workspace.type("redo")
    expect(screen(page)).to_contain_text("Done again: kubectl create namespace one")
    workspace.type("kubectl get namespace one -o name")
    expect(screen(page)).to_contain_text("namespace/one", timeout=ROLLOUT_MS)
