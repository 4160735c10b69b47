"""Fixtures of the browser tests: a real server, and Chromium. Every wait has a bound.

These tests run in a process of their own (`pytest tests/browser`): Playwright keeps an event loop running in the main
thread, which asynchronous tests cannot stand.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.server import Server

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT_MS = 15_000  # of a single wait; a machine under load included
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.fail("Chromium is missing: make test installs it where it may (Debian, Ubuntu: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, timeout=60_000)
        yield browser
        browser.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A fresh server with an empty database, running."""
    server = Server(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def context(chromium: Browser, server: Server) -> Iterator[BrowserContext]:
    """A browser with no cookies, 1280 × 800, English."""
    context = new_context(chromium, server)
    yield context
    context.close()


def new_context(chromium: Browser, server: Server, **options: object) -> BrowserContext:
    """Return another browser that shares nothing with the others: another person."""
    settings = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", "base_url": server.url, **options}
    context = chromium.new_context(**settings)  # type: ignore[arg-type]
    context.set_default_timeout(WAIT_MS)
    context.set_default_navigation_timeout(WAIT_MS)
    return context


@pytest.fixture
def page(context: BrowserContext, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    """A page. What a script throws, or the Content-Security-Policy refuses, fails the test."""
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
    page.on("console", lambda message: _note(faults, message))
    failures = request.session.testsfailed
    yield page
    if request.session.testsfailed > failures:
        folder = Path(os.environ.get("PODARIUM_SCREENSHOTS", tmp_path))
        page.screenshot(path=folder / f"{request.node.name}.png")
    assert faults == []


def _note(faults: list[str], message: ConsoleMessage) -> None:
    """Keep what the browser complains about. Resources that are gone while a server is down are part of some tests."""
    if message.type == "error" and ("Content Security Policy" in message.text or "Uncaught" in message.text):
        faults.append(message.text)
