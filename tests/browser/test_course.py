"""A lesson in the browser: what is missing is pointed at in the manifest, and the commands are counted."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.test_rewind import ROLLOUT_MS, begin, ticked
from tests.server import Server


def test_what_is_missing_is_pointed_at_and_the_commands_are_counted(page: Page) -> None:
    workspace = begin(page)
    create = page.locator('[data-step="create"]')
    pointer = create.locator("[data-place]")
    expect(pointer).to_have_text("It is described in dc-nginx.yaml, line 4.")
    pointer.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".cm-activeLine")).to_contain_text("name: nginx-deployment")
    page.get_by_role("tab", name="Terminal 1").click()
    workspace.type("kubectl get deployments")
    workspace.type("kubectl create -f dc-nginx.yaml")
    expect(ticked(page, "create")).to_be_visible(timeout=ROLLOUT_MS)
    expect(pointer).to_be_hidden()
    expect(create.locator("[data-step-golf]")).to_have_text("Commands: 1; the shortest known way takes 1.")
    expect(page.locator('[data-step="update"] [data-place]')).to_have_text("It stands in dc-nginx.yaml, line 19.")


def test_a_wrong_guess_is_marked_and_stops_nobody(page: Page) -> None:
    workspace = begin(page)
    create = page.locator('[data-step="create"]')
    wrong = create.get_by_label("three running Pods")
    wrong.focus()
    page.keyboard.press("Space")
    expect(wrong).to_be_checked()
    create.get_by_text("I have a guess: show me").focus()
    page.keyboard.press("Enter")
    expect(create.get_by_text("Possibly none.")).to_be_visible()
    struck = create.locator("label", has=page.locator("input:checked")).locator("span")
    expect(struck).to_have_css("text-decoration-line", "line-through")
    workspace.type("kubectl create -f dc-nginx.yaml")
    expect(ticked(page, "create")).to_be_visible(timeout=ROLLOUT_MS)


def test_a_completed_lesson_says_how_many_commands_it_took(page: Page, server: Server) -> None:
    workspace = begin(page, "12-ondelete")
    page.locator("[data-speed]").select_option("10")
    lines = [
        """kubectl patch statefulset web -p '{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}'""",
        "kubectl set image statefulset/web nginx=nginx:1.9.1",
        "kubectl delete pod web-1; kubectl wait --for=condition=Ready pod/web-1",
        "kubectl delete pod web-0; kubectl wait --for=condition=Ready pod/web-0",
        "kubectl delete pod web-2; kubectl wait --for=condition=Ready pod/web-2",
        "kubectl create configmap detour",
    ]
    ticks = [1, 2, 3, 3, 4, 4]
    for line, count in zip(lines, ticks, strict=True):
        workspace.type(line)
        expect(page.locator(".tab.is-running")).to_have_count(0, timeout=ROLLOUT_MS)
        expect(page.locator("[data-step][data-done]")).to_have_count(count, timeout=ROLLOUT_MS)
    patch = """kubectl patch sts web -p '{"spec":{"updateStrategy":{"type":"RollingUpdate"}}}'"""
    workspace.type(f"kubectl rollout undo sts/web; {patch}")
    end = page.locator("[data-end]")
    expect(end).to_be_visible(timeout=ROLLOUT_MS)
    expect(end.locator("[data-lesson-golf]")).to_have_text("You needed 8 commands. The shortest known way takes 7.")
