/* The control plane above the cluster view. Each step that arrives is a dot that travels from its component to the API
 * server and on to etcd; more than a few at a time become a glow. */
import { partOf, type Part } from "./components";
import { one, set } from "./dom";
import type { Step } from "./protocol";
import { on } from "./socket";

const MOST_DOTS = 4, TRAVEL_MS = 620, GLOW_MS = 900;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const strip = document.querySelector<HTMLElement>("[data-strip]");
const glowing = new Map<string, number>();
let travelling = 0;

function glow(part: string): void {
  const box = strip?.querySelector(`[data-part="${part}"]`);
  if (!box) return;
  clearTimeout(glowing.get(part));
  box.classList.add("is-busy");
  glowing.set(part, window.setTimeout(() => box.classList.remove("is-busy"), GLOW_MS));
}

function middle(part: string): number {
  const box = one<HTMLElement>(`[data-part="${part}"]`, strip!);
  return box.offsetLeft + box.offsetWidth / 2;
}

function travel(part: Part, writes: boolean): void {
  const dot = document.createElement("i");
  dot.className = `dot from-${part}`;
  strip!.append(dot);
  travelling += 1;
  const stops = [middle(part), middle("api"), ...(writes ? [middle("etcd")] : [])];
  const frames = stops.map((x, stop) => ({ transform: `translateX(${x}px)`, opacity: stop === stops.length - 1 ? 0.2 : 1 }));
  dot.animate(frames, { duration: TRAVEL_MS, easing: "ease-in-out" }).onfinish = () => {
    dot.remove();
    travelling -= 1;
    glow("api");
    if (writes) glow("etcd");
  };
}

function show(steps: Step[]): void {
  for (const step of steps.slice(-24)) {
    const part = partOf(step);
    glow(part);
    if (part === "system" || calm.matches || document.hidden || travelling >= MOST_DOTS) {
      glow("api");
      if (step.writes.length) glow("etcd");
    } else travel(part, step.writes.length > 0);
  }
}

/** Begin to show requests, where the page has a strip. */
export function watchControlPlane(): void {
  if (!strip) return;
  on("changed", ({ steps }) => show(steps));
  on("connection", ({ up }) => set(strip, "data-up", String(up)));
}
