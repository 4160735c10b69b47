"""The terminal in Chromium against a running site: from a key to its echo, and from Enter to the first output.

Time is taken in the page: it begins when the browser hands out the key, and ends in the frame in which the terminal's
rows on the screen have changed. `measure` is called by `python -m bench`; `python -m bench.terminal` prints its figures
alone. Without Chromium there are none.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.page import ARGUMENTS, NAMES, open_lesson
from tests.server import Server

KEYS = 60
COMMANDS = 20
PAUSE_MS = 70  # between two keys: those of somebody who types fast
TIMEOUT_MS = 20_000
# Lines with an answer that is told from the line itself.
LINES = (("kubectl get nodes", "k8s-node02"), ("kubectl get pods", "No resources found"), ("echo m''oss", "moss"))
# `window.taken` becomes the milliseconds from the next key to the moment at which the rows show the wanted text.
WATCH = """() => {
  const rows = document.querySelector('[data-terminal]:not([hidden]) .xterm-rows');
  window.waitFor = (wanted) => { window.taken = null; window.began = null; window.wanted = wanted; };
  addEventListener('keydown', () => { window.began ??= performance.now(); }, true);
  new MutationObserver(() => {
    if (window.began === null || window.taken !== null || !window.wanted) return;
    const shown = rows.textContent.replaceAll('\\u00a0', ' ');
    if (shown.includes(window.wanted)) window.taken = performance.now() - window.began;
  }).observe(rows, {subtree: true, childList: true, characterData: true});
}"""


def measure() -> dict[str, Any]:
    """Median and 95th percentile milliseconds, as the person at the keyboard sees them."""
    chromium = next((path for name in NAMES if (path := shutil.which(name))), None)
    if chromium is None:
        return {}
    with tempfile.TemporaryDirectory() as var, sync_playwright() as playwright:
        server = Server(Path(var))
        server.start()
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        try:
            page = browser.new_page(base_url=server.url)
            open_lesson(page)
            _until(page, "document.querySelector('.xterm-rows').textContent.includes('$')")
            page.evaluate(WATCH)
            return _figures(page)
        finally:
            browser.close()
            server.stop()


def _figures(page: Page) -> dict[str, Any]:
    page.locator(".xterm-helper-textarea").first.focus()
    echoes = _echoes(page)
    outputs = [_output(page, *LINES[turn % len(LINES)]) for turn in range(COMMANDS)]
    _run(page, "kubectl run web --image=nginx", "pod/web created")
    _run(page, "kubectl wait pod/web --for=condition=Ready", "condition met")
    _run(page, "kubectl exec -it web -- sh", "# ")
    inside = _echoes(page)
    return {**_named("terminal_echo", echoes), **_named("terminal_first_output", outputs),
            **_named("terminal_echo_in_a_container", inside)}  # fmt: skip


def _named(name: str, taken: list[float]) -> dict[str, float]:
    ordered = sorted(taken)
    worst = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    return {f"{name}_ms": round(statistics.median(ordered), 1), f"{name}_p95_ms": round(worst, 1)}


def _echoes(page: Page) -> list[float]:
    """Types words, key by key; each key has to make the line longer."""
    taken = []
    typed = ""
    for index in range(KEYS):
        typed += "kubectl get pods -o wide moss"[index % 29]
        if typed.endswith(" "):
            page.keyboard.press("Space")  # a space at the end cannot be told from none
            continue
        taken.append(_take(page, typed, typed[-1]))
        page.wait_for_timeout(PAUSE_MS)
    page.keyboard.press("Control+u")
    return taken


def _output(page: Page, line: str, answer: str) -> float:
    page.keyboard.press("Control+l")
    page.keyboard.type(line)
    word = json.dumps(line.rsplit(maxsplit=1)[-1])
    _until(page, f"document.querySelector('.xterm-rows').textContent.includes({word})")
    taken = _take(page, answer, "Enter")
    page.wait_for_timeout(PAUSE_MS)
    return taken


def _run(page: Page, line: str, answer: str) -> None:
    page.keyboard.press("Control+l")
    page.keyboard.type(line)
    _take(page, answer, "Enter")


def _take(page: Page, wanted: str, key: str) -> float:
    page.evaluate("wanted => window.waitFor(wanted)", wanted)
    page.keyboard.press(key)
    _until(page, "window.taken !== null")
    return float(page.evaluate("window.taken"))


def _until(page: Page, expression: str) -> None:
    """Waits; the page's policy forbids Playwright to wait for an expression by itself."""
    for _ in range(TIMEOUT_MS // 5):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(5)
    raise AssertionError(f"not within {TIMEOUT_MS / 1000:.0f} s: {expression}")


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
