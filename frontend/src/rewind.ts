/* Undo, redo and reset: buttons anywhere with data-rewind, and Alt+Z (with Shift: redo). The server does the going back. */
import { one } from "./dom";
import { mirror, send } from "./socket";

/** The terminal in which it is written down: the one that is open. */
function terminal(): string {
  return document.querySelector<HTMLElement>("[data-terminal]:not([hidden])")?.dataset.terminal ?? "1";
}

function rewind(what: string): void {
  if (mirror.readOnly) return;
  if (what === "undo") send("undo", { terminal: terminal() });
  else if (what === "redo") send("redo", { terminal: terminal() });
  else send("reset", { terminal: terminal(), what: what === "lesson" ? "lesson" : "step" });
}

/** Make the buttons and the key work. */
export function prepareRewind(): void {
  document.addEventListener("click", (event) => {
    const pressed = (event.target as Element).closest<HTMLElement>("[data-rewind]");
    if (!pressed) return;
    pressed.closest("details.menu")?.removeAttribute("open");
    rewind(pressed.dataset.rewind!);
  });
  const editor = one("[data-island=editor]"); // has an undo of its own
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.code !== "KeyZ" || editor.contains(document.activeElement)) return;
    event.preventDefault();
    event.stopPropagation();
    rewind(event.shiftKey ? "redo" : "undo");
  }, { capture: true });
}
