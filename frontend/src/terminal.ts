/* The terminals of the sandbox in their tabs; one of them is shell.ts. */
import { hear, kept, one, tell } from "./dom";
import { Shell } from "./shell";
import { on } from "./socket";
import { styleSpansThroughCssom } from "./styles";

const MOST_TERMINALS = 6;
const root = one("[data-island=terminal]");
const tabs = one("[data-terminal-tabs]");
const stopButton = one<HTMLButtonElement>("[data-terminal-stop]");
const shells = new Map<string, Shell>();
let active: Shell;
styleSpansThroughCssom();
let spoken = kept.get("terminal.spoken") === "yes";

/** A command that takes the keys itself can only be stopped from outside. */
function changed(shell: Shell): void { if (shell === active) stopButton.hidden = shell.mode === "none" || !shell.busy; }

function shell(name: string): Shell {
  let found = shells.get(name);
  if (!found) {
    const made = new Shell(name, root, changed, spoken);
    shells.set(name, (found = made));
    made.tab.addEventListener("click", () => { activate(made); made.focus(); });
    tabs.insertBefore(found.tab, tabs.querySelector("[data-terminal-new]"));
  }
  return found;
}

function activate(chosen: Shell): void {
  active = chosen;
  for (const other of shells.values()) {
    other.tab.setAttribute("aria-selected", String(other === chosen));
    other.tab.tabIndex = other === chosen ? 0 : -1;
    other.panel.hidden = other !== chosen;
  }
  tell("dock", { group: "terminals" });
  chosen.fit();
  changed(chosen);
}

function another(): void {
  if (shells.size >= MOST_TERMINALS) return;
  let n = 1;
  while (shells.has(String(n))) n += 1;
  const made = shell(String(n));
  activate(made);
  made.replay([]);
  made.focus();
}

on("history", ({ commands }) => {
  for (const { terminal } of commands) shell(terminal);
  for (const [name, one] of shells) one.onceFitted(() => one.replay(commands.filter(({ terminal }) => terminal === name)));
});
on("started", ({ terminal, command, line }) => shell(terminal).onceFitted(() => shell(terminal).started(command, line)));
on("output", ({ terminal, stream, text }) => shell(terminal).onceFitted(() => shell(terminal).output(stream, text)));
on("input", ({ terminal, mode }) => shell(terminal).onceFitted(() => shell(terminal).reads(mode)));
on("exit", ({ terminal, command }) => shell(terminal).onceFitted(() => shell(terminal).exited(command)));
on("completion", ({ id, start, candidates }) => active.completed(id, start, candidates));
hear("type", ({ text, run }) => { tell("dock", { group: "terminals" }); tell("show", { panel: "terminal" }); active.put(text, run); });
hear("terminal", () => { tell("dock", { group: "terminals" }); tell("show", { panel: "terminal" }); active.focus(); });
stopButton.addEventListener("click", () => { active.interrupt(); active.focus(); });
hear("theme", () => { for (const one of shells.values()) one.paint(); });

document.addEventListener("click", (event) => {
  const target = event.target as Element;
  if (target.closest("[data-terminal-new]")) another();
  const key = target.closest<HTMLElement>("[data-send-key]")?.dataset.sendKey;
  if (key) { active.typed(JSON.parse(`"${key}"`) as string); active.focus(); }
  const speak = target.closest<HTMLElement>("[data-terminal-spoken]");
  if (speak) {
    spoken = !spoken;
    kept.set("terminal.spoken", spoken ? "yes" : "no");
    speak.setAttribute("aria-pressed", String(spoken));
    for (const one of shells.values()) one.speakable(spoken);
  }
});

document.querySelector("[data-terminal-spoken]")?.setAttribute("aria-pressed", String(spoken));
active = shell("1");
activate(active);
