"""A manifest pasted without its indentation, as pages lose it: offered back, reviewed, taken."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.workspace import Workspace, open_workspace
from tests.server import Server

MANIFESTS = Path(__file__).resolve().parents[1] / "engine" / "schema" / "manifests"
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
name: web
spec:
selector:
app: web
type: NodePort
ports:
- port: 80
"""


def flat(text: str) -> str:
    return "\n".join(line.strip() for line in text.split("\n"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all of them: each comes as a guest of its own."""
    server = Server(tmp_path_factory.mktemp("site"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def workspace(page: Page) -> Workspace:
    return open_workspace(page)


def test_the_manifests_of_the_course_come_back_right_and_are_applied(page: Page, workspace: Workspace) -> None:
    for name, words in (("deployment", "deployment.apps/nginx-deployment created"), ("pod", "")):
        meant = (MANIFESTS / f"{name}.yaml").read_text()
        workspace.paste(f"{name}.yaml", flat(meant))
        page.get_by_role("button", name="Show it repaired").click()
        review = page.get_by_role("dialog", name="The manifest with its indentation")
        shown = review.locator("tbody td:nth-child(3)").all_text_contents()
        assert "\n".join(shown).replace("·", " ") == meant.rstrip("\n")
        assert review.locator("fieldset").count() == 0
        if name == "pod":
            # Typing errors are no matter of indentation: they stay, and are told.
            expect(review.locator("summary")).to_have_text("What else the editor finds in it, and leaves to you: 1")
        review.get_by_role("button", name="Use this version").click()
        expect(review).to_be_hidden()
        if words:
            workspace.apply()
            workspace.says(words)


def test_an_open_place_is_asked_and_the_answer_is_seen_and_taken(page: Page, workspace: Workspace) -> None:
    workspace.paste("service.yaml", SERVICE)
    page.get_by_role("button", name="Show it repaired").click()
    review = page.get_by_role("dialog", name="The manifest with its indentation")
    row = review.locator("tbody tr").nth(7)
    expect(row.locator("td").last).to_have_text("··type: NodePort")
    expect(review.get_by_role("radio", name="in spec", exact=True)).to_be_checked()
    review.get_by_role("radio", name="in spec.selector").check()
    expect(row.locator("td").last).to_have_text("····type: NodePort")
    review.get_by_role("button", name="Use this version").click()
    expect(page.locator(".cm-line").nth(7)).to_have_text("    type: NodePort")
    page.keyboard.press("Control+z")  # it was a change like any other
    expect(page.locator(".cm-line").nth(7)).to_have_text("type: NodePort")


def test_it_can_be_refused_by_keyboard_and_is_not_offered_again(page: Page, workspace: Workspace) -> None:
    workspace.paste("service.yaml", SERVICE)
    offer = page.get_by_role("button", name="Show it repaired")
    offer.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The manifest with its indentation")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".cm-content")).to_be_focused()
    expect(offer).to_be_visible()
    page.get_by_role("button", name="Keep my text").click()
    expect(offer).to_have_count(0)
    expect(page.locator(".cm-line").nth(7)).to_have_text("type: NodePort")
    expect(page.locator(".cm-content")).to_be_focused()


def test_a_manifest_with_its_indentation_is_left_alone(page: Page, workspace: Workspace) -> None:
    workspace.paste("web.yaml", (MANIFESTS / "deployment.yaml").read_text().replace("replicas: 3", "replicas: three"))
    expect(page.locator("[data-editor-status]")).to_contain_text("Line 8")
    expect(page.locator("[data-repair-offer]")).to_be_empty()
