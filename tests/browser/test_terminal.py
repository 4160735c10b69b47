"""The terminal under somebody's fingers: pastes, keys, containers, the editor, ports, files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.workspace import ROLLOUT_MS, Workspace, open_workspace


@pytest.fixture
def workspace(context: BrowserContext, page: Page) -> Workspace:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.set_viewport_size({"width": 1920, "height": 1080})
    workspace = open_workspace(page)
    workspace.focus()
    return workspace


@pytest.fixture
def web(workspace: Workspace) -> Workspace:
    """With a web server in a pod."""
    workspace.type("kubectl run web --image=nginx")
    expect(workspace.pods()).to_have_count(1, timeout=ROLLOUT_MS)
    workspace.page.keyboard.press("Control+l")
    return workspace


def middle(workspace: Workspace) -> tuple[float, float]:
    box = workspace.terminal().bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] - 12


def prompt_is_back(workspace: Workspace) -> None:
    expect(workspace.terminal().locator(".xterm-rows")).to_contain_text(re.compile(r"\$\s*$"), timeout=ROLLOUT_MS)


def test_a_pasted_transcript_runs_its_commands_without_prompts_and_output(workspace: Workspace) -> None:
    workspace.paste_into_terminal(
        "[root@k8s-master01 ~]# kubectl create ns one\nnamespace/one created\n"
        "[root@k8s-master01 ~]# kubectl get ns one -o name\nnamespace/one\n"
    )
    workspace.says("2 lines that were output, not commands, were left out")
    prompt_is_back(workspace)
    rows = [row for row in workspace.rows() if row]
    assert [row for row in rows if row.startswith("$ k")] == [
        "$ kubectl create ns one",
        "$ kubectl get ns one -o name",
    ]
    assert rows[-2] == "namespace/one"
    assert "command not found" not in "\n".join(rows)


def test_ctrl_r_finds_an_earlier_line_and_tab_completes(workspace: Workspace) -> None:
    keyboard = workspace.page.keyboard
    workspace.type("kubectl get nodes")
    workspace.says("k8s-node03")
    workspace.type("kubectl get ns")
    workspace.says("kube-system")
    keyboard.press("Control+l")
    keyboard.press("Control+r")
    keyboard.type("nod")
    workspace.says("(reverse-i-search)'nod': kubectl get nodes")
    keyboard.press("Enter")
    workspace.says("k8s-node03")
    prompt_is_back(workspace)
    keyboard.type("kubectl desc")
    keyboard.press("Tab")
    workspace.says("kubectl describe")
    keyboard.type("node k8s-n")
    keyboard.press("Tab")
    workspace.says("kubectl describe node k8s-node0")
    keyboard.press("Tab")
    workspace.says("k8s-node01  k8s-node02  k8s-node03")


def test_somebody_types_into_a_shell_in_a_container(web: Workspace) -> None:
    keyboard = web.page.keyboard
    web.type("kubectl exec -it web -- sh")
    web.says("# ")
    keyboard.type("echo one > /tmp/note; cat /tmp/note")
    keyboard.press("Enter")
    expect(web.terminal().locator(".xterm-rows")).to_contain_text(re.compile(r"cat /tmp/note\s*one\s*#"))
    keyboard.type("echo asleep; sleep 1000")
    keyboard.press("Enter")
    expect(web.terminal().locator(".xterm-rows")).to_contain_text(re.compile(r"sleep 1000\s*asleep"))
    keyboard.press("Control+c")
    expect(web.terminal().locator(".xterm-rows")).to_contain_text(re.compile(r"\^C\s*#"))
    keyboard.type("exit")
    keyboard.press("Enter")
    prompt_is_back(web)
    assert not web.page.locator("[data-terminal-stop]").is_visible()
    web.type("kubectl exec web -- cat /tmp/note")
    shown = web.terminal().locator(".xterm-rows")
    expect(shown).to_contain_text(re.compile(r"kubectl exec web -- cat /tmp/note\s*one\s*\$"))


def test_a_command_that_reads_lines_gets_them_and_they_are_still_there_after_a_reload(workspace: Workspace) -> None:
    keyboard = workspace.page.keyboard
    workspace.type("cat > note")
    keyboard.type("mosss")
    keyboard.press("Backspace")
    keyboard.press("Enter")
    keyboard.type("fern")
    keyboard.press("Enter")
    keyboard.press("Control+d")
    prompt_is_back(workspace)
    workspace.type("cat note")
    prompt_is_back(workspace)
    wanted = ["$ cat > note", "moss", "fern", "$ cat note", "moss", "fern", "$"]
    assert workspace.rows()[-7:] == wanted
    workspace.page.reload()
    expect(workspace.terminal().locator(".xterm-rows")).to_contain_text("fern")
    prompt_is_back(workspace)
    assert workspace.rows()[-7:] == wanted


def test_kubectl_edit_saves_what_is_changed_in_the_pane_and_cancel_changes_nothing(web: Workspace) -> None:
    page = web.page
    web.type("kubectl edit pod web")
    expect(page.locator("[data-edit-save]")).to_be_visible()
    web.replace_in_editor("run: web", "run: moss")
    page.locator("[data-edit-save]").click()
    web.says("pod/web edited")
    expect(page.locator("[data-edit-bar]")).to_be_hidden()
    assert web.api().get("api/v1/namespaces/default/pods/web")["metadata"]["labels"] == {"run": "moss"}
    web.type("kubectl edit pod web")
    expect(page.locator("[data-edit-cancel]")).to_be_visible()
    web.replace_in_editor("run: moss", "run: fern")
    page.locator("[data-edit-cancel]").click()
    web.says("Edit cancelled, no changes made.")
    assert web.api().get("api/v1/namespaces/default/pods/web")["metadata"]["labels"] == {"run": "moss"}


def test_vi_opens_a_file_in_the_editor(workspace: Workspace) -> None:
    workspace.type("vi notes.yaml")
    expect(workspace.page.get_by_role("tab", name="notes.yaml")).to_have_attribute("aria-selected", "true")
    expect(workspace.page.locator(".cm-content")).to_be_focused()


def test_a_forwarded_port_opens_beside_the_terminal_and_closes_with_ctrl_c(web: Workspace) -> None:
    page = web.page
    web.type("kubectl port-forward pod/web 8080:80")
    frame = page.frame_locator("[data-port-view] iframe")
    expect(frame.get_by_role("heading", name="Welcome to nginx!")).to_be_visible()
    assert page.locator("[data-port-view] iframe").get_attribute("sandbox") == ""
    page.locator("[data-port-path]").fill("/missing")
    page.locator("[data-port-path]").press("Enter")
    expect(frame.get_by_role("heading", name="404 Not Found")).to_be_visible()
    web.focus()
    page.keyboard.press("Control+c")
    expect(page.locator("[data-port-view]")).to_be_hidden()
    expect(page.locator(".port-tab")).to_have_count(0)


def test_a_page_behind_a_port_can_run_no_script(web: Workspace) -> None:
    page = web.page
    script = "document.querySelector('h1').textContent = 'loud'; parent.document.title = 'stolen'"
    evil = f"<h1>quiet</h1><script>{script}</script>"
    web.type(f'kubectl exec web -- sh -c "echo \\"{evil}\\" > /usr/share/nginx/html/index.html"')
    prompt_is_back(web)
    title = page.title()
    web.type("kubectl port-forward pod/web 8080:80")
    expect(page.frame_locator("[data-port-view] iframe").locator("h1")).to_have_text("quiet")
    assert page.title() == title


def test_a_hint_looks_other_than_what_a_command_prints(workspace: Workspace) -> None:
    workspace.type("kubctl get pods")
    workspace.says('↳ Did you mean "kubectl"?')
    span = workspace.terminal().locator(".xterm-rows span", has_text="Did you mean")
    assert "italic" in (span.first.get_attribute("class") or "")


def test_files_come_from_the_visitors_machine_and_go_back(workspace: Workspace, tmp_path: Path) -> None:
    page = workspace.page
    mine = tmp_path / "mine.yaml"
    mine.write_text("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: mine\n")
    binary = tmp_path / "picture.png"
    binary.write_bytes(b"\x89PNG\xff")
    page.locator("[data-file-upload]").set_input_files([mine, binary])
    expect(page.get_by_role("tab", name="mine.yaml")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".toast")).to_contain_text("picture.png is no text in UTF-8, so it was not uploaded.")
    expect(page.get_by_role("tab", name="mine.yaml")).not_to_have_class(re.compile("is-dirty"))
    workspace.type("kubectl apply -f mine.yaml")
    workspace.says("namespace/mine created")
    with page.expect_download() as waiting:
        page.locator("[data-file-download]").click()
    assert waiting.value.suggested_filename == "mine.yaml"
    assert Path(waiting.value.path()).read_text() == mine.read_text()


def test_what_is_selected_is_copied_and_the_command_is_left_alone(workspace: Workspace) -> None:
    page = workspace.page
    workspace.type("kubectl get ns -w")
    workspace.says("kube-system")
    row = workspace.terminal().locator(".xterm-rows > div", has_text="kube-system").bounding_box()
    assert row is not None
    page.mouse.dblclick(row["x"] + 20, row["y"] + row["height"] / 2)
    page.keyboard.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()") == "kube-system"
    # The watch still runs: with something selected, Ctrl-C copies; without, it stops.
    assert not workspace.rows()[-1].startswith("$")
    page.mouse.click(*middle(workspace))
    page.keyboard.press("Control+c")
    prompt_is_back(workspace)


def test_somebody_attaches_to_a_process_and_leaves_it_running(workspace: Workspace) -> None:
    keyboard = workspace.page.keyboard
    workspace.type("kubectl run box --image=busybox --stdin --tty --restart=Never --command -- sh")
    expect(workspace.pods()).to_have_count(1, timeout=ROLLOUT_MS)
    workspace.page.keyboard.press("Control+l")
    workspace.type("kubectl attach -it box")
    keyboard.press("Enter")
    workspace.says("#")
    keyboard.type("echo from inside")
    keyboard.press("Enter")
    expect(workspace.terminal().locator(".xterm-rows")).to_contain_text(re.compile(r"inside\s*from inside"))
    # The terminal's own Ctrl-C goes to the process; the button ends kubectl.
    workspace.page.locator("[data-terminal-stop]").click()
    prompt_is_back(workspace)
    expect(workspace.pods()).to_have_count(1)


def test_one_terminal_watches_while_another_works(workspace: Workspace) -> None:
    page = workspace.page
    workspace.type("kubectl get ns -w")
    workspace.says("kube-system")
    page.locator("[data-terminal-new]").click()
    workspace.focus("2")
    page.keyboard.insert_text("kubectl create ns two")
    page.keyboard.press("Enter")
    workspace.says("namespace/two created", "2")
    workspace.focus("1")
    workspace.says("two")
    page.keyboard.press("Control+c")
    prompt_is_back(workspace)


def test_what_the_terminal_prints_is_read_aloud_politely(workspace: Workspace) -> None:
    page = workspace.page
    page.locator("[data-terminal-spoken]").click()
    region = page.locator("[data-terminal-log]")
    assert (region.get_attribute("role"), region.get_attribute("aria-live")) == ("log", "polite")
    workspace.focus()
    page.keyboard.type("kubectl get nodes\n")
    expect(region).to_contain_text("k8s-node02")
    # Nothing else on the page says the same again.
    expect(workspace.terminal().locator(".live-region")).to_have_attribute("aria-live", "off")
    page.keyboard.type("for i in $(seq 1 30); do echo line $i; done\n")
    expect(region).to_contain_text("and 10 more lines")


CONTRASTS = """() => {
  const number = (text) => text.match(/[\\d.]+/g).slice(0, 3).map((part) => {
    const value = Number(part) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const light = (text) => { const [r, g, b] = number(text); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = light(getComputedStyle(document.querySelector('.dock')).backgroundColor);
  return [...document.querySelectorAll('[data-terminal="1"] .xterm-rows span')]
    .filter((span) => /^colour/.test(span.textContent))
    .map((span) => {
      const front = light(getComputedStyle(span).color);
      return (Math.max(front, behind) + 0.05) / (Math.min(front, behind) + 0.05);
    });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_can_be_read(workspace: Workspace, scheme: Literal["light", "dark"]) -> None:
    page = workspace.page
    page.emulate_media(color_scheme=scheme)
    codes = " ".join(str(code) for code in (*range(30, 38), *range(90, 98)))
    workspace.type(f"for c in {codes} '38;5;226' '38;5;17'; do printf \"\\033[${{c}}mcolour $c\\033[0m\\n\"; done")
    workspace.says("colour 38;5;17")
    prompt_is_back(workspace)
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) >= 12  # what cannot be told from plain text has no span of its own
    assert min(contrasts) >= 4.4, contrasts  # 4.5, less what rounding to whole colours takes
