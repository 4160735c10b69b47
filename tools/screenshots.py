"""Make the pictures of docs/screenshots again: three lessons, each on a phone, a laptop and a projector.

    .venv/bin/python tools/screenshots.py [FOLDER] [--every]

With `--every`, each lesson in both languages and both schemes, to be looked at. Time in the cluster is stopped for each
picture, so the three sizes show one moment.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.server import Server  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
SIZES = {"laptop": (1280, 800), "projector": (1920, 1080), "phone": (390, 844)}
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
WAIT_MS = 60_000


@dataclass(frozen=True)
class Scene:
    """A moment of a lesson: its solution is typed up to a step, then a line more, until the picture shows something."""

    slug: str
    done: tuple[str, ...]
    line: str
    until: str
    phone: str
    language: str = "en"
    scheme: Literal["light", "dark"] = "light"

    @property
    def name(self) -> str:
        return self.slug.partition("-")[2]


SCENES = (
    Scene("05-deployment", ("create", "ready"), "kubectl set image deployment/nginx-deployment nginx=nginx:1.9.1",
          'g.pod[data-state="terminating"]', "cluster"),
    Scene("11-statefulset", ("service", "create", "ordered", "identity"), "kubectl scale sts web --replicas=5",
          'g.pod[data-key$="web-3"][data-state="ready"]', "lesson", "zh"),
    Scene("02-nodes", ("look", "proxy", "kubelet"), "kubectl get pods", "g.pod", "terminal", "en", "dark"),
)  # fmt: skip


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--every", action="store_true", help="in both languages and both schemes")
    options = parser.parse_args()
    chromium = next((path for name in NAMES if (path := shutil.which(name))), None)
    if chromium is None:
        raise SystemExit("Chromium is missing (Debian, Ubuntu: apt install chromium).")
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as var, sync_playwright() as playwright:
        server = Server(Path(var))
        server.start()
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        try:
            for scene in SCENES:
                for variant in variants(scene) if options.every else [scene]:
                    take(browser, server.url, variant, options.folder, options.every)
        finally:
            browser.close()
            server.stop()


def variants(scene: Scene) -> Iterator[Scene]:
    """The scene in both languages and both schemes."""
    for language in LOCALES:
        yield replace(scene, language=language, scheme="light")
        yield replace(scene, language=language, scheme="dark")


def take(browser: Browser, url: str, scene: Scene, folder: Path, every: bool) -> None:
    """Play a scene, and take it in every size."""
    context = browser.new_context(
        base_url=url, locale=LOCALES[scene.language], color_scheme=scene.scheme, reduced_motion="reduce",
        viewport={"width": 1280, "height": 800},
    )  # fmt: skip
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    play(page, scene)
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        if size == "phone":
            page.locator(f'.bottombar [data-show="{scene.phone}"]').click()
        page.locator("#lesson .is-next h3").evaluate("title => title.scrollIntoView({block: 'start'})")
        page.wait_for_timeout(700)  # the terminal and the picture fit themselves to the new size
        variant = f"-{scene.language}-{scene.scheme}" if every else ""
        path = folder / f"{scene.name}-{size}{variant}.png"
        page.screenshot(path=path)
        print(path)
    context.close()


def play(page: Page, scene: Scene) -> None:
    """Begin the lesson, type what its solutions show, and stop time when the picture shows what it should."""
    page.goto("/lessons/")
    page.locator(f'form[action$="/{scene.slug}/start/"] button').first.click()
    page.wait_for_url(re.compile("/sandboxes/"))
    page.locator(".xterm-rows").first.filter(has_text="$").wait_for()
    page.locator("[data-speed]").select_option("10")
    for step in scene.done:
        solution = page.locator(f'[data-step="{step}"] details.solution')
        solution.evaluate("details => { details.open = true }")
        for part in solution.locator("pre").all():
            path = part.get_attribute("data-file")
            if path:
                part.locator("xpath=..").get_by_role("button").first.evaluate("button => button.click()")
                page.locator("[data-file-tabs] .tab[aria-selected=true]:not(.is-dirty)", has_text=path).wait_for()
            else:
                type_line(page, part.text_content() or "")
        page.locator(f'[data-step="{step}"][data-done]').wait_for(state="attached")
        solution.evaluate("details => { details.open = false }")
    page.locator("[data-speed]").select_option("1")
    type_line(page, scene.line, ends=False)
    page.locator(f"[data-drawing] {scene.until}").first.wait_for()
    page.locator("[data-pause]").click()
    page.wait_for_timeout(700)


def type_line(page: Page, line: str, *, ends: bool = True) -> None:
    """Type a line into the first terminal; wait for the command's end."""
    tab = page.locator('[role=tab][aria-controls="terminal-1"]')
    tab.click()
    page.locator(".xterm-helper-textarea").first.focus()
    page.keyboard.insert_text(line)
    page.keyboard.press("Enter")
    if ends:
        page.wait_for_timeout(150)
        page.locator('[role=tab][aria-controls="terminal-1"]:not(.is-running)').wait_for()


if __name__ == "__main__":
    main()
