"""The workspace page, as hands and eyes use it."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

ROLLOUT_MS = 60_000  # of what takes a cluster some time, on a machine under load


class Workspace:
    """One open workspace."""

    def __init__(self, page: Page) -> None:
        self.page = page

    # The terminal.

    def terminal(self, name: str = "1") -> Locator:
        return self.page.locator(f'[data-terminal="{name}"]')

    def focus(self, terminal: str = "1") -> None:
        self.page.locator(f'[role=tab][aria-controls="terminal-{terminal}"]').click()
        self.terminal(terminal).locator(".xterm-helper-textarea").focus()

    def type(self, line: str) -> None:
        """Types a line into the terminal and presses Enter."""
        self.page.locator(".xterm-helper-textarea").first.focus()
        self.page.keyboard.insert_text(line)
        self.page.keyboard.press("Enter")

    def paste_into_terminal(self, text: str) -> None:
        """Puts a text into the clipboard and presses Ctrl-V; the terminal that has the focus gets it."""
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        self.page.keyboard.press("Control+v")

    def rows(self, terminal: str = "1") -> list[str]:
        """The terminal's rows on the screen, without what is empty at the end."""
        shown = self.terminal(terminal).locator(".xterm-rows").evaluate(
            "rows => [...rows.children].map((row) => row.textContent.replaceAll('\\u00a0', ' ').trimEnd())"
        )
        while shown and not shown[-1]:
            shown.pop()
        return list(shown)

    def says(self, words: str, terminal: str = "1") -> None:
        """Waits until the terminal shows the words."""
        expect(self.terminal(terminal).locator(".xterm-rows")).to_contain_text(words, timeout=ROLLOUT_MS)

    # The editor.

    def paste(self, name: str, manifest: str) -> None:
        """Makes a file in the editor, and pastes a manifest into it."""
        self.page.locator("[data-file-plus]").click()
        self.page.locator("#new-file-name").fill(name)
        self.page.keyboard.press("Enter")
        self.page.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(manifest)

    def apply(self) -> None:
        self.page.locator("[data-apply]").click()

    def replace_in_editor(self, old: str, new: str) -> None:
        """Selects the first line of the editor that has a text, and types it anew with another."""
        expect(self.page.locator(".cm-content")).to_be_focused()
        line = self.page.locator(".cm-line", has_text=old).first
        whole = line.inner_text()
        line.click()
        self.page.keyboard.press("End")
        self.page.keyboard.press("Shift+Home")
        self.page.keyboard.insert_text(whole.strip().replace(old, new))
        expect(self.page.locator(".cm-content")).to_contain_text(new)

    # The picture.

    def pods(self, state: str = "ready", label: str = "") -> Locator:
        pods = self.page.locator(f'[data-drawing] g.pod[data-state="{state}"]:not(.is-leaving)')
        return pods.filter(has=self.page.locator(f'title:has-text("{label}")')) if label else pods

    def choose_look(self, look: str) -> None:
        """Switches the look in the sandbox's menu."""
        self.page.locator("details.sandboxes > summary").click()
        button = self.page.locator(f'[data-look="{look}"]')
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        self.page.keyboard.press("Escape")

    def pace(self, speed: float) -> None:
        self.page.locator("[data-speed]").select_option(str(speed))

    @property
    def sandbox(self) -> str:
        found = re.search(r"/sandboxes/([0-9a-f-]{36})/", self.page.url)
        assert found is not None
        return found[1]

    def api(self) -> Api:
        return Api(self.page, self.sandbox)


class Api:
    """The sandbox's API server, asked beside the terminal, as a client with the kubeconfig would."""

    def __init__(self, page: Page, sandbox: str) -> None:
        self._page = page
        kubeconfig = page.request.get(f"/sandboxes/{sandbox}/kubectl/kubeconfig").text()
        found = re.search(r"server: (\S+)", kubeconfig)
        assert found is not None, kubeconfig
        self._server = found[1]

    def get(self, path: str) -> Any:
        """The object or list at a path; None where there is none."""
        answer = self._page.request.get(f"{self._server}/{path}")
        assert answer.status in (200, 404), answer.text()
        return answer.json() if answer.status == 200 else None

    def settle(self, quiet_ms: int = 900, limit_ms: int = ROLLOUT_MS) -> None:
        """Waits until no pod, Deployment or StatefulSet has changed for a while."""
        kinds = ("api/v1/pods", "apis/apps/v1/deployments", "apis/apps/v1/replicasets", "apis/apps/v1/statefulsets")
        last, quiet = None, 0
        for _ in range(limit_ms // 300):
            now = [[item["metadata"]["resourceVersion"] for item in self.get(kind)["items"]] for kind in kinds]
            quiet = quiet + 300 if now == last else 0
            if quiet >= quiet_ms:
                return
            last = now
            self._page.wait_for_timeout(300)
        raise AssertionError(f"something still changes after {limit_ms / 1000:.0f} s")


def open_workspace(page: Page) -> Workspace:
    page.goto("/")
    page.get_by_role("button", name="Start now").click()
    expect(page).to_have_url(re.compile(r"/sandboxes/[0-9a-f-]{36}/"))
    expect(page.locator(".xterm-helper-textarea").first).to_be_attached()
    return Workspace(page)
