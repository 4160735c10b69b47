"""Panels that fold away, and time that goes on step by step."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.workspace import ROLLOUT_MS, open_workspace


def test_panels_fold_away_and_stay_folded(page: Page) -> None:
    open_workspace(page)
    lesson, cluster, dock = (page.locator(f'[data-fold="{name}"]') for name in ("lesson", "cluster", "dock"))
    lesson.click()
    expect(page.locator("#lesson")).to_be_hidden()
    expect(lesson).to_have_attribute("aria-expanded", "false")
    cluster.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#stage")).to_be_hidden()
    page.reload()
    expect(page.locator("#lesson")).to_be_hidden()
    expect(page.locator("#stage")).to_be_hidden()
    # With the dock gone too there would be nothing left: the cluster comes back.
    dock.click()
    expect(page.locator("#dock")).to_be_hidden()
    expect(page.locator("#stage")).to_be_visible()
    lesson.click()
    expect(page.locator("#lesson")).to_be_visible()


def test_a_command_of_the_lesson_brings_the_terminal_back(page: Page) -> None:
    open_workspace(page)
    page.locator('[data-fold="dock"]').click()
    page.locator("#lesson .code-action", has_text="Type it for me").first.click()
    expect(page.locator("#dock")).to_be_visible()


def test_with_the_clock_stopped_each_press_lets_one_component_act(page: Page) -> None:
    workspace = open_workspace(page)
    page.locator("[data-pause]").click()
    expect(page.locator("[data-pause]")).to_have_attribute("aria-pressed", "true")
    workspace.focus()
    workspace.type("kubectl create deployment web --image=nginx")
    workspace.says("deployment.apps/web created")
    assert workspace.api().get("apis/apps/v1/namespaces/default/replicasets")["items"] == []
    line = page.locator("#timeline [data-line]")
    expect(line).to_contain_text("created deployments web")
    told = [line.text_content() or ""]
    for _ in range(40):
        page.locator("[data-step-once]").click()
        expect(line).not_to_have_text(told[-1], timeout=ROLLOUT_MS)
        told.append(line.text_content() or "")
        if workspace.pods().count():
            break
    assert any("no ReplicaSet has this template" in words for words in told), told
    assert any("too few pods: 1 wanted, creates 1" in words for words in told)
    expect(workspace.pods()).to_have_count(1)


def test_the_time_line_speaks_chinese(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Language").click()
    page.get_by_role("button", name="简体中文").click()
    page.get_by_role("button", name="马上开始").click()
    page.wait_for_url("**/sandboxes/*/")
    expect(page.locator("#timeline [data-line] .what")).to_contain_text("创建了", timeout=ROLLOUT_MS)
