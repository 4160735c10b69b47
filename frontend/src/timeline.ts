/* The time line: one mark a step, in the lane of the component that took it, coloured as that component is; the pace of
 * the cluster's clock; and each step in one line of words.
 *
 * Marks stand in the order of the steps, not to scale: a cluster does everything in bursts. Where time passed without a
 * step, a gap says how much. */
import { isQuiet, lineOf, moment, PARTS, partOf, span } from "./components";
import { eachFrame, hear, one, set, svg, tell, text } from "./dom";
import type { Step } from "./protocol";
import { mirror, on, send, timeNow } from "./socket";
import { whyList } from "./why";
import { say } from "./words";

const MARK = 7, LANE = 11, TOP = 14, GAP = 34, GAP_US = 1_000_000, MOST_MARKS = 1200;
const root = one("[data-island=timeline]");
const scroller = one("[data-scroller]", root);
const drawing = one<SVGSVGElement>("[data-drawing]", root);
const line = one("[data-line]", root);
const clock = one("[data-clock]", root);
const pauseButton = one<HTMLButtonElement>("[data-pause]", root);
const stepButton = one<HTMLButtonElement>("[data-step-once]", root);
const speeds = one<HTMLSelectElement>("[data-speed]", root);
const whyButton = one<HTMLButtonElement>("[data-why]", root);
const cursor = svg("path", { class: "cursor" });

interface Mark { step: Step; x: number; element: SVGElement }
let marks: Mark[] = [];
let end = 8;
let chosen: Mark | null = null; // null: follow what is newest

function addGap(us: number): void {
  drawing.append(svg("text", { class: "gap", x: end + GAP / 2 - 2, y: 11, "text-anchor": "middle" }, `+${span(us)}`), svg("path", { class: "gap-line", d: `M${end + GAP / 2 - 2} ${TOP}v${PARTS.length * LANE}` }));
  end += GAP;
}

function addMark(step: Step): void {
  const before = marks.at(-1)?.step;
  if (before && step.time_us - before.time_us >= GAP_US) addGap(step.time_us - before.time_us);
  const part = partOf(step);
  const y = TOP + PARTS.indexOf(part) * LANE;
  const quiet = isQuiet(step) || step.writes.length === 0;
  const size = part === "user" ? MARK + 2 : quiet ? MARK - 3 : MARK;
  const element = svg("rect", { class: quiet && part !== "user" ? "mark is-quiet" : "mark", "data-part": part, x: end + (MARK - size) / 2, y: y + (LANE - size) / 2, width: size, height: size, rx: part === "user" ? size / 2 : 2, "data-step": step.number },
    svg("title", {}, `${moment(step.time_us)} · ${step.component}: ${lineOf(step)}`));
  drawing.append(element);
  marks.push({ step, x: end, element });
  end += MARK + 2;
}

function rebuild(): void {
  drawing.replaceChildren(cursor);
  const number = chosen?.step.number;
  marks = [];
  end = 8;
  for (const step of mirror.steps.slice(-MOST_MARKS)) addMark(step);
  chosen = marks.find(({ step }) => step.number === number) ?? null;
  follow();
}

function follow(): void {
  set(drawing, "width", String(end + 12));
  set(drawing, "height", String(TOP + PARTS.length * LANE + 4));
  showStep();
  if (!chosen) scroller.scrollLeft = scroller.scrollWidth;
}

function showStep(): void {
  const shown = chosen ?? marks.findLast(({ step }) => !isQuiet(step)) ?? marks.at(-1);
  root.classList.toggle("is-following", !chosen);
  line.classList.toggle("is-empty", !shown);
  whyButton.disabled = !shown;
  set(scroller, "aria-valuemax", String(Math.max(0, marks.length - 1)));
  if (!shown) { text(line, say("timeline.empty")); cursor.setAttribute("d", ""); return; }
  const { step, x } = shown;
  set(cursor, "d", `M${x + MARK / 2} ${TOP - 2}v${PARTS.length * LANE + 4}`);
  const words = `${moment(step.time_us)}, ${step.component}: ${lineOf(step)}`;
  if (line.dataset.step !== String(step.number)) {
    line.dataset.step = String(step.number);
    line.replaceChildren(
      Object.assign(document.createElement("time"), { className: "nums", textContent: moment(step.time_us) }),
      Object.assign(document.createElement("span"), { className: "who", textContent: step.component }),
      Object.assign(document.createElement("span"), { className: "what", textContent: lineOf(step), title: lineOf(step) }));
    line.dataset.part = partOf(step);
  }
  set(scroller, "aria-valuenow", String(marks.indexOf(shown)));
  set(scroller, "aria-valuetext", words);
}

function choose(mark: Mark | undefined): void {
  chosen = mark && mark !== marks.at(-1) ? mark : null;
  showStep();
  const at = mark?.x ?? end;
  if (at < scroller.scrollLeft + 20 || at > scroller.scrollLeft + scroller.clientWidth - 40) scroller.scrollLeft = at - scroller.clientWidth / 2;
}

let fresh: Step[] = [];
const append = eachFrame(() => {
  const steps = fresh;
  fresh = [];
  if (marks.length + steps.length > MOST_MARKS + 300) return rebuild();
  for (const step of steps) addMark(step);
  follow();
});

on("changed", ({ steps, reset }) => {
  if (reset) { chosen = null; fresh = []; return rebuild(); }
  if (steps.length) { fresh.push(...steps); append(); }
});

function showPace(): void {
  pauseButton.setAttribute("aria-pressed", String(mirror.paused));
  pauseButton.setAttribute("aria-label", say(mirror.paused ? "timeline.play" : "timeline.pause"));
  pauseButton.title = say(mirror.paused ? "timeline.play" : "timeline.pause");
  root.classList.toggle("is-paused", mirror.paused);
  if (![...speeds.options].some((option) => Number(option.value) === mirror.speed)) speeds.add(new Option(`${mirror.speed}×`, String(mirror.speed)));
  speeds.value = String([...speeds.options].find((option) => Number(option.value) === mirror.speed)?.value);
  pauseButton.disabled = stepButton.disabled = speeds.disabled = mirror.readOnly;
}

on("paced", showPace);
pauseButton.addEventListener("click", () => send("pace", { speed: mirror.speed, paused: !mirror.paused }));
stepButton.addEventListener("click", () => { chosen = null; send("step", {}); });
speeds.addEventListener("change", () => send("pace", { speed: Number(speeds.value), paused: mirror.paused }));
whyButton.addEventListener("click", () => {
  const shown = marks.find(({ step }) => String(step.number) === line.dataset.step);
  if (shown) tell("drawer", { title: say("drawer.why"), subtitle: lineOf(shown.step), content: whyList(shown.step) });
});
drawing.addEventListener("click", (event) => {
  const { left } = drawing.getBoundingClientRect();
  const x = event.clientX - left - MARK / 2;
  const mark = marks.reduce<Mark | undefined>((best, other) => (!best || Math.abs(other.x - x) < Math.abs(best.x - x) ? other : best), undefined);
  choose(mark);
});
scroller.addEventListener("keydown", (event) => {
  const at = chosen ? marks.indexOf(chosen) : marks.length - 1;
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 20, PageDown: at + 20, Home: 0, End: marks.length - 1 }[event.key];
  if (event.key === "Enter" || event.key === " ") whyButton.click();
  else if (to === undefined) return;
  else choose(marks[Math.max(0, Math.min(marks.length - 1, to))]);
  event.preventDefault();
});
root.addEventListener("click", (event) => { if ((event.target as Element).closest("[data-newest]")) choose(undefined); });
hear("step", ({ number }) => { choose(marks.find(({ step }) => step.number === number)); tell("show", { panel: "cluster" }); });

setInterval(() => { if (mirror.loaded && !document.hidden) text(clock, moment(timeNow())); }, 200);
showStep();
