/* A pod as it is drawn, named and read aloud. The shapes themselves are symbols in templates/console/glyphs.html. */
import { set, svg, text } from "./dom";
import type { PlacedPod } from "./layout";
import type { Pod } from "./protocol";
import { say } from "./words";

/** One line on a pod: "web-0, r2: Ready (Running), k8s-node01, 3 restarts". It begins with what is written under the pod. */
export function podInWords(pod: Pod, revision: number | null): string {
  const parts = [`${say(`state.${pod.state}`)} (${pod.status})`];
  parts.push((pod.node || say("pod.no_node")));
  if (pod.restarts > 0) parts.push(say("pod.restarts", { n: pod.restarts }));
  return `${pod.name}${revision === null ? "" : `, r${revision}`}: ${parts.join(", ")}`;
}

/** The name under a pod. A StatefulSet's pods of all revisions share one lane, so each carries its revision's number. */
function shortName(pod: Pod, revision: number | null): string {
  if (pod.ordinal === null) return pod.name.length <= 8 ? pod.name : pod.name.slice(-5);
  const name = pod.name.length <= 6 ? pod.name : `…-${pod.ordinal}`;
  return revision === null ? name : `${name} `;
}

/** The element of one pod. Moving it is a change of `transform`, which CSS carries out. */
export class Glyph {
  readonly element: SVGGElement;
  private readonly shape = svg("use");
  private readonly halo = svg("rect", { class: "halo" });
  private readonly name = svg("tspan");
  private readonly number = svg("tspan", { class: "revision" });
  private readonly label = svg("text", { class: "label", "text-anchor": "middle" }, this.name, this.number);
  private readonly count = svg("text", { class: "restarts", "text-anchor": "middle" });
  private readonly title = svg("title");
  private size = 0;

  constructor(readonly key: string) {
    this.element = svg("g", { class: "pod is-new", role: "button", tabindex: -1, "data-key": key }, this.title,
      svg("g", { class: "body" }, this.halo, this.shape, this.label, this.count));
  }

  /** Show the pod where it was placed, and let it glow for a moment when its state changed. */
  update({ pod, x, y, hue, revision, tile }: PlacedPod): void {
    this.element.style.transform = `translate(${x}px, ${y}px)`;
    if (this.size !== tile.size) {
      this.size = tile.size;
      for (const side of ["width", "height"]) {
        this.shape.setAttribute(side, String(tile.size));
        this.halo.setAttribute(side, String(tile.size + 6));
      }
      for (const side of ["x", "y"]) this.halo.setAttribute(side, "-3");
      this.halo.setAttribute("rx", String(Math.max(4, tile.size * 0.28)));
      for (const line of [this.label, this.count]) line.setAttribute("x", String(tile.size / 2));
      this.label.setAttribute("y", String(tile.size + 14));
      this.count.setAttribute("y", String(tile.size * 0.66));
    }
    set(this.shape, "href", `#pod-${pod.state}`);
    const words = podInWords(pod, revision);
    set(this.element, "aria-label", words);
    text(this.title, words);
    text(this.name, tile.labelled ? shortName(pod, revision) : "");
    text(this.number, tile.labelled && pod.ordinal !== null && revision !== null ? `r${revision}` : "");
    text(this.count, tile.size >= 18 && pod.state === "crashing" && pod.restarts > 0 ? String(pod.restarts) : "");
    const before = this.element.dataset.state;
    this.element.dataset.state = pod.state;
    this.element.dataset.hue = String(hue);
    if (before && before !== pod.state && tile.size > 20) {
      this.halo.getAnimations().forEach((animation) => animation.cancel());
      if (!matchMedia("(prefers-reduced-motion: reduce)").matches) this.halo.animate([{ opacity: 0.5 }, { opacity: 0 }], { duration: 900, easing: "ease-out" });
    }
  }

  /** Let a new pod come in, on the frame after it was placed. */
  enter(): void { requestAnimationFrame(() => requestAnimationFrame(() => this.element.classList.remove("is-new"))); }

  /** Let the pod go out, then take it away. */
  leave(): void {
    this.element.classList.add("is-leaving");
    this.element.removeAttribute("role");
    setTimeout(() => this.element.remove(), 320);
  }
}
