/* The lesson beside the cluster: steps tick as the server says, code blocks go into the terminal or the editor. */
import { h, one, tell, text } from "./dom";
import type { ServerMessages, StepState } from "./protocol";
import { keepReachable } from "./reach";
import { mirror, on } from "./socket";
import { say } from "./words";

const COMMANDS = /language-(sh|bash|shell|console)\b/;
const lesson = one("#lesson");

function mark(step: HTMLElement, { done, message, place, golf }: StepState, warm: boolean): void {
  const was = "done" in step.dataset;
  step.toggleAttribute("data-done", done);
  if (done && !was && warm) {
    step.classList.add("is-fresh");
    setTimeout(() => step.classList.remove("is-fresh"), 900);
  }
  const missing = step.querySelector<HTMLElement>("[data-missing]");
  if (missing) {
    text(missing, message);
    missing.hidden = done || !message;
  }
  const pointer = step.querySelector<HTMLButtonElement>("[data-place]");
  if (pointer) {
    pointer.hidden = done || !place;
    if (place) { text(pointer, place.words); Object.assign(pointer.dataset, { path: place.path, line: String(place.line) }); }
  }
  show(step.querySelector<HTMLElement>("[data-step-golf]"), golf);
  const word = step.querySelector("[data-tick-word]");
  if (word) text(word, done ? say("lesson.done") : "");
}

function show(element: HTMLElement | null, words: string | undefined): void {
  if (!element) return;
  text(element, words ?? "");
  element.hidden = !words;
}

/** Show how far the lesson is: the step that is next, the count, and the dots in the bar at the top. */
function showPosition(): void {
  const all = [...lesson.querySelectorAll<HTMLElement>("[data-step]")];
  const done = all.filter((step) => "done" in step.dataset);
  const next = all.find((step) => !("done" in step.dataset));
  for (const step of all) step.classList.toggle("is-next", step === next);
  const count = lesson.querySelector("[data-progress]");
  if (count) text(count, String(done.length));
  const dots = document.querySelector("[data-lesson-dots]");
  dots?.replaceChildren(...all.map((step) => h("i", { class: done.includes(step) ? "is-done" : "" })));
  dots?.setAttribute("aria-label", all.length ? say("lesson.progress", { n: done.length, of: all.length }) : "");
}

function progress({ steps, complete, golf }: ServerMessages["progress"], warm: boolean): void {
  for (const step of lesson.querySelectorAll<HTMLElement>("[data-step]")) {
    const state = steps[step.dataset.step!];
    if (state) mark(step, state, warm);
  }
  const ticked = warm && lesson.querySelector(".is-fresh");
  show(lesson.querySelector<HTMLElement>("[data-lesson-golf]"), golf);
  for (const end of lesson.querySelectorAll<HTMLElement>("[data-end]")) end.hidden = !complete;
  showPosition();
  // What comes next comes into sight, and no further: somebody may still be reading.
  if (ticked) lesson.querySelector(".is-next h3")?.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

/** What of a block is typed: with prompts in it, only the lines behind them. */
function commandsOf(code: Element): string {
  const lines = (code.textContent ?? "").replace(/\n+$/, "").split("\n");
  const prompted = lines.filter((line) => /^(\$|\[.*\][#$]) /.test(line));
  return prompted.length ? prompted.map((line) => line.replace(/^(\$|\[.*\][#$]) /, "")).join("\n") : lines.join("\n");
}

function button(word: string, act: (pressed: HTMLButtonElement) => void): HTMLButtonElement {
  const made = h("button", { type: "button", class: "code-action" }, say(word));
  made.addEventListener("click", () => act(made));
  return made;
}

async function copy(content: string, pressed: HTMLButtonElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(content);
    text(pressed, say("code.copied"));
    setTimeout(() => text(pressed, say("code.copy")), 1600);
  } catch { text(pressed, say("code.copy_failed")); }
}

/** Lines break between the words of a command, never at a hyphen in one: `--replicas` stays whole. */
function keepWords(code: Element): void {
  const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
  const texts: Node[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const node of texts) {
    const parts = (node.textContent ?? "").split(/(\s+)/).filter(Boolean);
    (node as Text).replaceWith(...parts.map((part) => (part.trim() ? h("span", { class: "word" }, part) : part)));
  }
}

/** Give the code blocks of a lesson their buttons; blocks that have them already are left alone. */
function dressCode(within: ParentNode): void {
  for (const pre of within.querySelectorAll<HTMLElement>("pre:not(.is-dressed)")) {
    const code = pre.querySelector("code") ?? pre;
    const file = pre.dataset.file ?? (code as HTMLElement).dataset.file ?? pre.closest<HTMLElement>("[data-file]")?.dataset.file;
    const actions: HTMLButtonElement[] = [];
    if (file) actions.push(button("code.open", () => tell("open", { path: file, text: code.textContent ?? "" })));
    else if ("command" in pre.dataset || COMMANDS.test(code.className) || code.querySelector(".line")) {
      const commands = commandsOf(code);
      pre.classList.add("is-typed");
      keepWords(code);
      actions.push(button("code.type", () => tell("type", { text: commands, run: commands.includes("\n") })));
    } else if (!/language-/.test(code.className)) continue; // what a command prints is only to be read
    actions.push(button("code.copy", (pressed) => void copy(file ? code.textContent ?? "" : commandsOf(code), pressed)));
    pre.classList.add("is-dressed");
    const bar = h("div", { class: "code-bar" }, ...(file ? [h("span", { class: "file mono" }, file)] : []), ...actions.slice(mirror.readOnly ? actions.length - 1 : 0));
    const frame = h("div", { class: "code" });
    pre.replaceWith(frame);
    frame.append(pre, bar);
  }
}

function dress(): void {
  dressCode(lesson);
  showPosition();
  keepReachable(lesson.querySelectorAll<HTMLElement>("pre, table"));
}

/** Make the lesson obey. */
export function prepareLesson(): void {
  let first = true;
  dress();
  on("progress", (message) => { progress(message, !first); first = false; });
  lesson.addEventListener("click", (event) => {
    const place = (event.target as Element).closest<HTMLElement>("[data-place]");
    if (place) tell("open", { path: place.dataset.path!, line: Number(place.dataset.line) });
  });
  document.addEventListener("htmx:afterSwap", dress);
}
