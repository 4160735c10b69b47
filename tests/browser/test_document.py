"""Every command of the document, pasted with its prompt into a browser terminal, in each look."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from tests.browser.workspace import ROLLOUT_MS, Workspace, open_workspace

DOCUMENT = yaml.safe_load((Path(__file__).parent / "data" / "document.yaml").read_text(encoding="utf-8"))
_SAFE = "bcdfghjklmnpqrstvwxz2456789"
# What differs from run to run: names, hashes, ages, times, widths of columns.
_RULES = [
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "<time>"),
    (re.compile(rf"(?<=nginx-deployment)-[{_SAFE}]{{6,10}}(-[{_SAFE}]{{5}})?\b"), "-<hash>"),
    (re.compile(rf"(?<=web)-[{_SAFE}]{{6,10}}\b"), "-<hash>"),
    (re.compile(rf"pod-template-hash=[{_SAFE}]{{6,10}}"), "pod-template-hash=<hash>"),
    (re.compile(r"(?<![\w.:=-])(\d+d)?(\d+h)?(\d+m)?(\d+s)?(?<=[dhms])(?!\w)"), "<age>"),
    (re.compile(r"\s+"), " "),
]
# Wide enough that no line of the document is wrapped, tall enough that none scrolls away.
SCREEN: ViewportSize = {"width": 3600, "height": 2600}


def normal(lines: list[str]) -> list[str]:
    found = []
    for line in lines:
        for pattern, replacement in _RULES:
            line = pattern.sub(replacement, line)
        found.append(line.strip())
    return found


def is_as_told(step: dict[str, Any], want: list[str], got: list[str]) -> bool:
    """Whether what was printed is what the step says, in the way in which the step compares."""
    match step.get("compare"):
        case "numbers":
            return [re.sub(r"\d+", "#", line) for line in got] == [re.sub(r"\d+", "#", line) for line in want]
        case "last":
            return got[-1:] == want[-1:] and set(got) <= set(want)
        case "beginning":
            return got[: len(want)] == want
        case "among":  # these, in this order, with others between them
            rest = iter(got)
            return all(line in rest for line in want)
        case None:
            return sorted(got) == sorted(want) if step.get("order") == "any" else got == want
    raise AssertionError(step)


class Reader:
    """Somebody who goes through the document with the workspace beside it."""

    def __init__(self, page: Page, look: str) -> None:
        self.page = page
        self.look = "document" if look == "document" else "today"
        self.workspace = open_workspace(page)
        self.api = self.workspace.api()
        self.terminal = "1"

    def take(self, step: dict[str, Any]) -> None:
        if "pace" in step:
            self.workspace.pace(step["pace"])
        if step.get("settle"):
            self.api.settle()
        self.turn_to(str(step.get("terminal", 1)))
        command = step.get("paste") or step.get("between")
        if command is not None:
            self.page.keyboard.press("Control+l")
            self.workspace.paste_into_terminal(command)
            expect(self.rows).to_contain_text(command.rpartition("kubectl")[2][:60].strip())
            self.page.keyboard.press("Enter")
        expected: str = step.get("prints") or step.get(self.look) or ""
        if "edit" in step:
            self.edit(step["edit"])
        if step.get("interrupt"):
            expect(self.rows).to_contain_text(expected.split()[-2])
            self.page.wait_for_timeout(300)
            self.page.keyboard.press("Control+c")
        if expected:
            self.check(step, expected.strip().splitlines())
        elif command is not None and "between" in step:
            self.wait_for_the_end()
        for path, fields in step.get("state", {}).items():
            self.check_state(path, fields)

    @property
    def rows(self) -> Any:
        return self.workspace.terminal(self.terminal).locator(".xterm-rows")

    def turn_to(self, terminal: str) -> None:
        if terminal == self.terminal:
            return
        if not self.workspace.terminal(terminal).count():
            self.page.locator("[data-terminal-new]").click()
        self.workspace.focus(terminal)
        self.terminal = terminal

    def wait_for_the_end(self) -> None:
        # The prompt comes back, with nothing behind it.
        expect(self.rows).to_contain_text(re.compile(r"\$\s*$"), timeout=ROLLOUT_MS)

    def check(self, step: dict[str, Any], want: list[str]) -> None:
        self.wait_for_the_end()
        rows = self.workspace.rows(self.terminal)
        assert re.match(r"\$ ", rows[0]), rows
        got = normal([row for row in rows[1:-1] if row and row != "^C"])
        assert is_as_told(step, normal(want), got), f"{step.get('paste')}\nwanted {normal(want)}\nprinted {got}"

    def edit(self, changes: dict[str, str]) -> None:
        """Changes the object in the editor pane, and saves it."""
        save = self.page.locator("[data-edit-save]")
        expect(save).to_be_visible()
        for old, new in changes.items():
            self.workspace.replace_in_editor(old, new)
        save.click()

    def check_state(self, path: str, fields: dict[str, Any] | None) -> None:
        """Waits until the object says so."""
        found: Any = None
        for _ in range(ROLLOUT_MS // 200):
            obj = self.api.get(path)
            found = None if obj is None else {field: value_of(obj, field) for field in fields or {}}
            if found == fields:
                return
            self.page.wait_for_timeout(200)
        raise AssertionError(f"{path}: {found}, and not {fields}")


def value_of(obj: Any, field: str) -> Any:
    for part in field.split("."):
        obj = obj[int(part)] if isinstance(obj, list) else obj.get(part) if isinstance(obj, dict) else None
    return obj


@pytest.fixture
def page(context: BrowserContext) -> Page:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_viewport_size(SCREEN)
    return page


@pytest.mark.parametrize("look", ["current", "document"])
def test_every_command_of_the_document_does_what_the_document_says(page: Page, look: str) -> None:
    reader = Reader(page, look)
    if look == "document":
        reader.workspace.choose_look("document")
    for name, text in DOCUMENT["files"].items():
        reader.workspace.paste(name, text)
        expect(page.get_by_role("tab", name=name)).not_to_have_class(re.compile("is-dirty"))
    reader.workspace.pace(10)
    page.locator("[data-resize=dock]").press("Home")  # as tall as it gets
    reader.workspace.focus()
    for step in DOCUMENT["steps"]:
        reader.take(step)


def test_the_look_of_the_terminals_is_kept_with_the_sandbox(page: Page) -> None:
    workspace = open_workspace(page)
    workspace.choose_look("document")
    workspace.type("kubectl get sts")
    workspace.says("No resources found.")
    page.reload()
    expect(page.locator('[data-look="document"]')).to_have_attribute("aria-pressed", "true")
    workspace = Workspace(page)
    workspace.choose_look("current")
    workspace.type("kubectl get sts")
    workspace.says("No resources found in default namespace.")
