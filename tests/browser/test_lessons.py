"""Every lesson, in both languages: what its solutions show is typed into the terminal, and completes it.

All lessons are played at the same time, a few at once, each on a page of its own: one hand moves on where nothing has
to be waited for. What is typed is read off the page, not out of the lesson's files.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, WebSocket, expect

from playground.curriculum.catalogue import Lesson, lessons
from tests.browser.conftest import new_context
from tests.browser.server import Server

LOCALES = {"en": "en-GB", "zh-hans": "zh-CN"}
AT_ONCE = 4  # pages
# The fastest of the page's choices: while something is waited for, and not while somebody types.
FAST = 10
PATIENCE_SECONDS = 0.3
COMMAND_SECONDS = STEP_SECONDS = 90.0  # real
TURN_MS = 15  # between two looks round

# What a hand is waiting for: it is asked again until it says yes.
Wait = Generator[None, None, None]



def press(button: Locator) -> None:
    """Presses a button. Playwright's click wants to see two frames first; a page behind others draws one a second."""
    button.evaluate("button => button.click()")


class Player:
    """One lesson on one page."""

    def __init__(self, context: BrowserContext, lesson: Lesson, language: str) -> None:
        self.lesson = lesson
        self.name = f"{lesson.slug} ({language})"
        self.page = context.new_page()
        self.faults: list[str] = []
        self.started: deque[str] = deque()
        self.exits: deque[int] = deque()
        self.speed = 0.0  # not heard yet
        self.page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        self.page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self._hear(json.loads(frame)))

    def _hear(self, message: dict[str, object]) -> None:
        if message["type"] == "started":
            self.started.append(str(message["line"]))
        elif message["type"] == "exit":
            self.exits.append(int(str(message["code"])))
        elif message["type"] == "snapshot":
            self.speed = float(str(message["speed"]))
        elif message["type"] == "error":
            self.faults.append(f"error: {message['message']}")

    def play(self) -> Wait:
        """The whole lesson, from the catalogue to its end."""
        self.page.goto("/lessons/")
        self.page.locator(f'form[action$="/{self.lesson.slug}/start/"] button').first.click()
        self.page.wait_for_url("**/sandboxes/*/")
        yield from self.wait(lambda: self.speed > 0, "the cluster is shown", STEP_SECONDS)
        for step in self.lesson.steps:
            yield from self.play_step(step.id)
        expect(self.page.locator("[data-end]")).to_be_visible()
        expect(self.page.locator("[data-progress]")).to_have_text(str(len(self.lesson.steps)))

    def play_step(self, step_id: str) -> Wait:
        step = self.page.locator(f'[data-step="{step_id}"]')
        solution = step.locator("details.solution")
        solution.evaluate("details => { details.open = true }")
        for part in solution.locator("pre").all():
            if part.get_attribute("data-file"):
                press(part.locator("xpath=..").get_by_role("button").first)
                path = part.get_attribute("data-file")
                clean = self.page.locator("[data-file-tabs] .tab[aria-selected=true]:not(.is-dirty)", has_text=path)
                yield from self.wait(lambda clean=clean: clean.count() == 1, f"{path} is saved", STEP_SECONDS)
            else:
                yield from self.type(part.inner_text())
        said = step.locator("[data-missing]")
        done = f'document.querySelector(\'[data-step="{step_id}"]\').hasAttribute("data-done")'
        yield from self.wait(lambda: self.page.evaluate(done), f"step {step_id}", STEP_SECONDS, said.text_content)

    def type(self, line: str) -> Wait:
        """Types a line, presses Enter and waits until the command has ended."""
        self.exits.clear()
        self.started.clear()
        press(self.page.locator('[role=tab][aria-controls="terminal-1"]'))
        self.page.locator(".xterm-helper-textarea").first.focus()
        self.page.keyboard.insert_text(line)
        self.page.keyboard.press("Enter")
        yield from self.wait(lambda: bool(self.exits), f"{line!r} ends", COMMAND_SECONDS, lambda: list(self.started))

    def wait(self, is_so: Callable[[], bool], what: str, seconds: float, more: Callable[[], object] = str) -> Wait:
        """Waits, and lets the cluster's time run faster where it takes a while."""
        start = time.monotonic()
        while not is_so():
            waited = time.monotonic() - start
            assert waited < seconds, f"{self.name}: not within {seconds:.0f} s: {what} {more()}"
            if waited > PATIENCE_SECONDS and self.speed == 1:
                self.pace(FAST)
            yield
        if self.speed > 1:
            self.pace(1)

    def pace(self, speed: float) -> None:
        self.page.locator("[data-speed]").select_option(str(speed))
        self.speed = speed


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for both languages: each is a guest of its own."""
    server = Server(tmp_path_factory.mktemp("site"))
    server.start()
    yield server
    server.stop()


def play_all(page: Page, waiting: deque[Player]) -> None:
    """Plays all lessons, a few at once."""
    playing: list[tuple[Player, Wait]] = []
    while waiting or playing:
        while waiting and len(playing) < AT_ONCE:
            player = waiting.popleft()
            playing.append((player, player.play()))
        for player, hand in list(playing):
            if next(hand, "done") == "done":
                assert player.faults == [], player.name
                player.page.close()
                playing.remove((player, hand))
        page.wait_for_timeout(TURN_MS)


@pytest.mark.parametrize("language", LOCALES)
def test_the_shown_solution_of_every_lesson_completes_it(chromium: Browser, server: Server, language: str) -> None:
    context = new_context(chromium, server, locale=LOCALES[language], reduced_motion="reduce")
    idle = context.new_page()
    idle.goto("/lessons/")
    expect(idle.locator("html")).to_have_attribute("lang", language)
    play_all(idle, deque(Player(context, lesson, language) for lesson in lessons().values()))
    context.close()
