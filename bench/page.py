"""A lesson's page in Chromium, with an empty cache: how long until it can be worked with, and what it weighs.

Interactive is a page whose terminal shows a prompt, whose editor stands, and whose picture shows the cluster's nodes:
all islands have run, and the websocket has brought the snapshot. Each run is a new browser context; the figure is the
median. `measure` is called by `python -m bench`; `python -m bench.page` prints its figures alone. Without Chromium
there are none.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.server import Server

LESSON = "05-deployment"
RUNS = 7
TIMEOUT_MS = 30_000
LOOK_MS = 200
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
# Asked once a frame from the page's first moment on.
WATCH = """() => {
  const look = () => {
    const shown = document.querySelector('.xterm-rows')?.textContent.includes('$')
      && document.querySelector('.cm-content')
      && document.querySelector('.workspace')?.textContent.includes('k8s-node01');
    if (shown) window.interactiveMs = performance.now(); else requestAnimationFrame(look);
  };
  look();
}"""


def measure() -> dict[str, Any]:
    """Return milliseconds until a lesson is interactive, and the compressed bytes of its scripts and of all of it."""
    chromium = next((path for name in NAMES if (path := shutil.which(name))), None)
    if chromium is None:
        return {}
    with tempfile.TemporaryDirectory() as var, sync_playwright() as playwright:
        server = Server(Path(var))
        server.start()
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        try:
            runs = _runs(browser, server.url)
        finally:
            browser.close()
            server.stop()
    return {
        "page_interactive_ms": round(statistics.median(run["ms"] for run in runs)),
        "page_script_kb": round(max(run["script"] for run in runs) / 1000, 1),
        "page_all_kb": round(max(run["all"] for run in runs) / 1000, 1),
    }


def _runs(browser: Browser, url: str) -> list[dict[str, float]]:
    context = browser.new_context(base_url=url)
    page = context.new_page()
    open_lesson(page)
    address, state = page.url, context.storage_state()
    context.close()
    runs = []
    for _ in range(RUNS):
        context = browser.new_context(base_url=url, storage_state=state)
        runs.append(load(context.new_page(), address))
        context.close()
    return runs


def open_lesson(page: Page, slug: str = LESSON) -> None:
    """Begin a lesson as a guest, from the catalogue."""
    page.goto("/lessons/")
    page.locator(f'form[action$="/{slug}/start/"] button').first.click()
    page.wait_for_url(re.compile(r"/sandboxes/[0-9a-f-]{36}/"))
    page.locator(".xterm-rows").first.wait_for()


def load(page: Page, address: str) -> dict[str, float]:
    """Load a workspace with an empty cache; return milliseconds until it is interactive, and bytes over the wire."""
    session = page.context.new_cdp_session(page)
    sizes = _count_bytes(session)
    page.add_init_script(f"addEventListener('DOMContentLoaded', {WATCH})")
    page.goto(address, wait_until="commit")
    for _ in range(TIMEOUT_MS // LOOK_MS):
        page.wait_for_timeout(LOOK_MS)
        interactive_ms = page.evaluate("window.interactiveMs")  # the page's policy forbids to wait for an expression
        if interactive_ms:
            return {"ms": interactive_ms, **sizes}
    raise AssertionError(f"{address} is not interactive after {TIMEOUT_MS / 1000:.0f} s")


def _count_bytes(session: CDPSession) -> dict[str, float]:
    """Sizes of what comes over the wire, headers included, counted while the page loads."""
    sizes: dict[str, float] = {"script": 0, "all": 0}
    scripts: set[str] = set()
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def response(event: dict[str, Any]) -> None:
        if event["type"] == "Script":
            scripts.add(event["requestId"])

    def finished(event: dict[str, Any]) -> None:
        sizes["all"] += event["encodedDataLength"]
        if event["requestId"] in scripts:
            sizes["script"] += event["encodedDataLength"]

    session.on("Network.responseReceived", response)
    session.on("Network.loadingFinished", finished)
    return sizes


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
