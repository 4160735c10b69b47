/* What a Deployment promises, drawn: at least so many pods available, at most so many in all, and the live counts. */
import { set, svg, text } from "./dom";
import type { Deployment } from "./protocol";
import { say } from "./words";

const BAR = 8;

/** The drawing of one Deployment's promise; `update` fits it to new counts. */
export class Promised {
  readonly element = svg("g", { class: "promise", "aria-hidden": "true" });
  private readonly track = svg("rect", { class: "track", height: BAR, rx: 3 });
  private readonly total = svg("rect", { class: "total", height: BAR, rx: 3 });
  private readonly available = svg("rect", { class: "available", height: BAR, rx: 3 });
  private readonly least = svg("path", { class: "least" });
  private readonly most = svg("path", { class: "most" });
  private readonly words = svg("text", { class: "caption", y: BAR + 17 });
  private readonly now = svg("text", { class: "caption now", y: BAR + 17, "text-anchor": "end" });

  constructor() {
    this.element.append(this.track, this.total, this.available, this.least, this.most, this.words, this.now);
  }

  /** Draw the counts of `deployment` on a scale of `width` pixels. */
  update(deployment: Deployment, width: number): void {
    const { at_least: least, at_most: most, available, total, desired } = deployment;
    const scale = (width - 2) / Math.max(1, most, total, desired);
    set(this.track, "width", String(Math.round(width)));
    set(this.total, "width", String(Math.round(total * scale)));
    set(this.available, "width", String(Math.round(available * scale)));
    const mark = (at: number): string => `M${Math.round(1 + at * scale)} -4v${BAR + 8}`;
    set(this.least, "d", mark(least));
    set(this.most, "d", mark(most));
    set(this.element, "class", available < least ? "promise is-below" : "promise");
    set(this.now, "x", String(Math.round(width)));
    const roomy = width > 380;
    text(this.words, say(roomy ? "promise.long" : "promise.short", { least, most }));
    text(this.now, say(roomy ? "promise.now" : "promise.now.short", { available, total }));
  }
}

/** The same in words, for those who do not see the drawing. */
export function promiseInWords({ name, desired, available, total, at_least: least, at_most: most }: Deployment): string {
  return [`Deployment ${name}`, say("count.desired", { n: desired }), say("promise.long", { least, most }), say("promise.now", { available, total })].join(", ");
}
