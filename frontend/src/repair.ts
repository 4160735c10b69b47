/* The offer for a pasted manifest that lost its indentation: a line above the editor, and a review in front of it.
 *
 * The server finds the indentation and says what is open; here it is shown line by line, asked about, taken or left. */
import { h, one } from "./dom";
import type { ServerMessages } from "./protocol";
import { mirror, on, send } from "./socket";
import { say } from "./words";

type Repaired = ServerMessages["repaired"] & { text: string };
type Question = Repaired["questions"][number];
export interface Edited { text(): string; replace(content: string): void; focus(): void }

const offer = one("[data-repair-offer]");
const review = one<HTMLDialogElement>("[data-repair-review]");
let editor: Edited;
let asked = 0;
let pasted = ""; // the text that the last answer is about
let left = ""; // the text that somebody wants to keep as it is
let answers: Record<string, string> = {};

function ask(): void {
  asked += 1;
  send("repair", { id: asked, text: pasted, answers });
}

/** Look whether the editor's text may have lost its indentation; the server says whether it has. */
export function considerRepair(content: string, faulty: boolean): void {
  if (content === pasted && (review.open || offer.childElementCount)) return;
  closeReview();
  offer.replaceChildren();
  pasted = content;
  answers = {};
  if (faulty && !mirror.readOnly && content !== left && !/^[ \t]+\S/m.test(content)) ask();
}

function openReview(found: Repaired): void {
  const wasOpen = review.open;
  const focused = document.activeElement?.id;
  review.replaceChildren(...parts(found));
  if (!wasOpen) { review.showModal(); one("h2", review).focus(); }
  else if (focused) document.getElementById(focused)?.focus();
}

function closeReview(): void {
  if (review.open) review.close();
}

function keep(): void {
  left = pasted;
  offer.replaceChildren();
  closeReview();
  editor.focus();
}

function take(found: Repaired): void {
  offer.replaceChildren();
  closeReview();
  if (editor.text() === pasted) editor.replace(found.text);
  editor.focus();
}

function showOffer(found: Repaired): void {
  const open = h("button", { type: "button", class: "button small" }, say("repair.show"));
  open.addEventListener("click", () => openReview(found));
  const close = h("button", { type: "button", class: "button quiet small" }, say("repair.keep"));
  close.addEventListener("click", keep);
  offer.replaceChildren(h("p", {}, say("repair.offer")), open, close);
}

function parts(found: Repaired): HTMLElement[] {
  const accept = h("button", { type: "button", class: "button primary small", id: "repair-take" }, say("repair.take"));
  accept.addEventListener("click", () => take(found));
  const refuse = h("button", { type: "button", class: "button quiet small" }, say("repair.keep"));
  refuse.addEventListener("click", keep);
  const body = h("div", { class: "repair-body", tabindex: "0", role: "group", "aria-label": say("repair.after") },
    h("p", { class: "soft small" }, say("repair.about")), ...questions(found), ...remaining(found), lines(found));
  return [h("header", {}, h("h2", { tabindex: "-1" }, say("repair.title")), accept, refuse), body];
}

function questions(found: Repaired): HTMLElement[] {
  const made = found.questions.map(question);
  if (found.more_questions) made.push(h("p", { class: "soft small" }, say("repair.more", { n: found.more_questions })));
  return made;
}

function question(asks: Question): HTMLElement {
  const name = `repair-${asks.line}`;
  const choices = asks.choices.map((choice, index) => {
    const input = h("input", { type: "radio", name, id: `${name}-${index}`, checked: choice.id === asks.chosen });
    input.addEventListener("change", () => { answers = { ...answers, [asks.line]: choice.id }; ask(); });
    const words = choice.is_text ? "repair.in_text" : choice.path ? "repair.in_field" : "repair.in_top";
    return h("label", {}, input, h("span", {}, say(words, { path: choice.path })));
  });
  const legend = h("legend", {}, say("repair.question", { line: asks.line }), " ", h("code", {}, asks.source));
  return h("fieldset", { class: "repair-question" }, legend, ...choices);
}

/** What the editor finds in the repaired text: no matter of indentation, and so nothing that is changed here. */
function remaining({ faults }: Repaired): HTMLElement[] {
  if (!faults.length) return [];
  const items = faults.map((fault) => h("li", {}, say("editor.fault", { line: fault.line, message: fault.message })));
  return [h("details", { class: "repair-faults" }, h("summary", {}, say("repair.faults", { n: faults.length })), h("ul", {}, ...items))];
}

/** The two texts side by side; only leading space differs, and it is made visible. */
function lines(found: Repaired): HTMLElement {
  const before = pasted.split("\n"), after = found.text.split("\n");
  const open = new Set(found.questions.map((asks) => asks.line));
  const rows = after.map((line, index) => {
    const space = line.length - line.trimStart().length;
    const kinds = [line === before[index] ? "" : "is-changed", open.has(index + 1) ? "is-open" : ""].filter(Boolean).join(" ");
    const indent = h("span", { class: "indent", "aria-hidden": "true" }, "·".repeat(space));
    return h("tr", { class: kinds }, h("th", { scope: "row" }, String(index + 1)), h("td", {}, before[index] ?? ""), h("td", {}, indent, line.trimStart()));
  });
  if (after.at(-1) === "") rows.pop(); // what stands behind the last line break is no line
  const head = h("tr", {}, h("th", { scope: "col" }, say("repair.line")), h("th", { scope: "col" }, say("repair.before")), h("th", { scope: "col" }, say("repair.after")));
  return h("table", { class: "repair-lines mono" }, h("thead", {}, head), h("tbody", {}, ...rows));
}

/** Make the offer ready for an editor. */
export function prepareRepair(edited: Edited): void {
  editor = edited;
  review.addEventListener("close", () => { review.replaceChildren(); editor.focus(); });
  on("repaired", (message) => {
    if (message.id !== asked || message.text === null) return;
    const found = message as Repaired;
    if (!review.open) showOffer(found);
    else openReview(found);
  });
}
