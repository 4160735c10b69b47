/* The panels of the workspace: resized by mouse and keyboard, folded away, remembered; one at a time on a phone. */
import { hear, kept, one } from "./dom";

const workspace = one("[data-workspace]");
const STEP = 24;

interface Split { handle: HTMLElement; name: string; axis: "x" | "y"; from: 1 | -1; min: number; max: () => number }

function splits(): Split[] {
  return [...workspace.querySelectorAll<HTMLElement>("[data-resize]")].map((handle) => {
    const name = handle.dataset.resize!;
    const axis = handle.getAttribute("aria-orientation") === "horizontal" ? "y" as const : "x" as const;
    const bounds = () => (axis === "x" ? workspace.clientWidth * 0.6 : workspace.clientHeight * 0.75);
    return { handle, name, axis, from: handle.dataset.from === "end" ? -1 as const : 1 as const, min: Number(handle.dataset.min ?? 160), max: bounds };
  });
}

function sizeOf({ handle, axis }: Split): number {
  const panel = one(`#${handle.getAttribute("aria-controls")}`);
  return axis === "x" ? panel.offsetWidth : panel.offsetHeight;
}

function resize(split: Split, size: number): void {
  const fitting = Math.round(Math.max(split.min, Math.min(split.max(), size)));
  workspace.style.setProperty(`--${split.name}`, `${fitting}px`);
  tellSize(split, fitting);
  kept.set(`size.${split.name}`, String(fitting));
}

function tellSize(split: Split, size: number): void {
  const values = { valuenow: size, valuemin: split.min, valuemax: Math.round(split.max()) };
  for (const [name, value] of Object.entries(values)) split.handle.setAttribute(`aria-${name}`, String(value));
}
const isFolded = (name: string): boolean => workspace.classList.contains(`without-${name}`);

function fold(name: string, folded: boolean): void {
  workspace.classList.toggle(`without-${name}`, folded);
  for (const button of document.querySelectorAll(`[data-fold="${name}"]`)) button.setAttribute("aria-expanded", String(!folded));
  kept.set(`folded.${name}`, folded ? "yes" : "");
  // One of the two is always there.
  const other = { cluster: "dock", dock: "cluster" }[name];
  if (folded && other && isFolded(other)) fold(other, false);
}

function drag(split: Split, event: PointerEvent): void {
  event.preventDefault();
  const start = split.axis === "x" ? event.clientX : event.clientY;
  const size = sizeOf(split);
  split.handle.setPointerCapture(event.pointerId);
  document.body.classList.add("is-resizing");
  const move = (moved: PointerEvent): void => resize(split, size + ((split.axis === "x" ? moved.clientX : moved.clientY) - start) * split.from);
  split.handle.addEventListener("pointermove", move);
  const stop = (): void => { split.handle.removeEventListener("pointermove", move); document.body.classList.remove("is-resizing"); };
  split.handle.addEventListener("pointerup", stop, { once: true });
  split.handle.addEventListener("pointercancel", stop, { once: true });
}

function show(panel: string): void {
  workspace.dataset.panel = panel;
  if (panel === "terminal" || panel === "editor") front(panel === "terminal" ? "terminals" : "files");
  for (const button of document.querySelectorAll("[data-show]")) button.setAttribute("aria-current", String(button.getAttribute("data-show") === panel));
}

function front(group: string): void {
  one("[data-dock]").dataset.front = group;
  // On a phone the bar at the bottom says which panel it is.
  if (workspace.dataset.panel === "terminal" || workspace.dataset.panel === "editor") workspace.dataset.panel = group === "files" ? "editor" : "terminal";
}

/** Arrow keys go from tab to tab, as in every tab list. */
function tabKeys(event: KeyboardEvent): void {
  const tab = (event.target as Element).closest("[role=tab]");
  const tabs = [...(tab?.closest("[role=tablist]")?.querySelectorAll<HTMLElement>("[role=tab]") ?? [])];
  const at = tabs.indexOf(tab as HTMLElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  const next = tabs[(to + tabs.length) % tabs.length]!;
  next.click();
  next.focus();
  event.preventDefault();
}

/** Make the panels obey. */
export function arrangePanels(): void {
  for (const split of splits()) {
    const size = Number(kept.get(`size.${split.name}`));
    if (size) resize(split, size);
    else tellSize(split, sizeOf(split));
    split.handle.addEventListener("pointerdown", (event) => drag(split, event));
    split.handle.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -STEP, ArrowUp: -STEP, ArrowRight: STEP, ArrowDown: STEP, Home: -1e5, End: 1e5 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      resize(split, sizeOf(split) + by * split.from);
    });
    split.handle.addEventListener("dblclick", () => {
      workspace.style.removeProperty(`--${split.name}`);
      kept.set(`size.${split.name}`, "");
      tellSize(split, sizeOf(split));
    });
  }
  for (const button of document.querySelectorAll<HTMLElement>("[data-fold]")) {
    const name = button.dataset.fold!;
    fold(name, kept.get(`folded.${name}`) === "yes");
    button.addEventListener("click", () => fold(name, !isFolded(name)));
  }
  for (const button of document.querySelectorAll<HTMLElement>("[data-show]")) button.addEventListener("click", () => show(button.dataset.show!));
  for (const button of document.querySelectorAll<HTMLElement>("[data-lesson-drawer]")) {
    button.addEventListener("click", () => {
      const open = workspace.classList.toggle("with-lesson");
      for (const other of document.querySelectorAll("[data-lesson-drawer][aria-expanded]")) other.setAttribute("aria-expanded", String(open));
      if (open) one("#lesson").focus();
    });
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") workspace.classList.remove("with-lesson"); tabKeys(event); });
  hear("dock", ({ group }) => front(group));
  hear("show", ({ panel }) => {
    const name = panel === "terminal" || panel === "editor" ? "dock" : panel;
    if (isFolded(name)) fold(name, false); // what is brought to the front has to be there
    workspace.classList.remove("with-lesson");
    show(panel);
  });
}
