/* Why something happened: the chain of steps from a write back to what somebody typed, a timer or a fault. */
import { lineOf, moment, partOf } from "./components";
import { h, tell } from "./dom";
import type { Step } from "./protocol";
import { mirror } from "./socket";
import { say } from "./words";

const LONGEST_CHAIN = 12;

/** The step that wrote an etcd revision, if it is still known here. */
function writer(revision: number): Step | undefined {
  return mirror.steps.findLast((step) => step.writes.some((write) => write.revision === revision));
}

/** A step's causes, nearest first; the last one may be only words, when the step behind it is no longer known. */
function chain(step: Step): { steps: Step[]; end: string } {
  const steps: Step[] = [];
  let current: Step | undefined = step;
  while (current && steps.length < LONGEST_CHAIN) {
    steps.push(current);
    const { kind, ref } = current.cause;
    if (kind !== "revision") return { steps, end: kind ? say(`cause.${kind}`, { ref }) : "" };
    const next = writer(Number(ref));
    if (!next || steps.includes(next)) return { steps, end: say("cause.revision", { ref }) };
    current = next;
  }
  return { steps, end: "" };
}

/** One step as a line: when, who, what. Choosing it shows it in the time line. */
export function stepLine(step: Step): HTMLElement {
  const button = h("button", { type: "button", class: "step-line", "data-part": partOf(step) },
    h("time", { class: "nums" }, moment(step.time_us)), h("span", { class: "who" }, step.component), h("span", { class: "what" }, lineOf(step)));
  button.addEventListener("click", () => tell("step", { number: step.number }));
  return button;
}

/** A step with its notes and the chain of its causes. */
export function whyList(step: Step): HTMLElement {
  const { steps, end } = chain(step);
  const list = h("ol", { class: "why" });
  for (const link of steps) {
    const item = h("li", {}, stepLine(link));
    const notes = link.notes.filter((note) => note !== lineOf(link));
    if (notes.length) item.append(h("ul", { class: "notes" }, ...notes.map((note) => h("li", {}, note))));
    list.append(item);
  }
  if (end) list.append(h("li", { class: "end" }, end));
  return list;
}

/** What happened to an object lately, newest first, each with its reason. */
export function storyOf(key: string): HTMLElement | null {
  const steps = mirror.steps.filter((step) => step.writes.some((write) => write.key === key)).slice(-8).reverse();
  if (!steps.length) return null;
  const items = steps.map((step, at) => {
    const details = h("details", {}, h("summary", {}, h("span", { class: "what" }, lineOf(step)), " ", h("span", { class: "who soft", "data-part": partOf(step) }, `${step.component} · ${moment(step.time_us)}`)));
    details.open = at === 0;
    details.append(whyList(step));
    return h("li", {}, details);
  });
  return h("section", { class: "story" }, h("h3", {}, say("drawer.story")), h("ol", {}, ...items));
}
