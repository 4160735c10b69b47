/* The log region for screen readers: what became of the pods, at most one sentence in a second and a half. */
import { one } from "./dom";
import type { Items } from "./protocol";
import { mirror, on } from "./socket";
import { say } from "./words";

const PAUSE_MS = 1500;
const LINES = 40;
const known = new Map<string, string>();
let waiting: { sentence: string; state: string }[] = [];
let timer = 0;

function speak(): void {
  timer = 0;
  if (!waiting.length) return;
  const region = one("[data-log]");
  const line = document.createElement("p");
  const tally = new Map<string, number>();
  for (const { state } of waiting) tally.set(state, (tally.get(state) ?? 0) + 1);
  line.textContent = waiting.length <= 3
    ? waiting.map(({ sentence }) => sentence).join(". ")
    : [...tally].map(([state, n]) => say("log.count", { n, state })).join(", ");
  region.append(line);
  while (region.childElementCount > LINES) region.firstElementChild!.remove();
  waiting = [];
}

function note(items: Items, keys: Set<string>, reset: boolean): void {
  if (reset) known.clear();
  for (const key of keys) {
    const pod = items.get(key);
    const before = known.get(key);
    if (!pod) {
      if (before !== undefined) waiting.push({ sentence: say("log.gone", { name: key.split("/").at(-1)! }), state: say("state.gone") });
      known.delete(key);
    } else if (pod.kind === "Pod") {
      known.set(key, pod.state);
      const state = say(`state.${pod.state}`);
      if (!reset && before !== pod.state) waiting.push({ sentence: say("log.pod", { name: pod.name, state, node: pod.node || say("pod.no_node") }), state });
    }
  }
  if (waiting.length) timer ||= window.setTimeout(speak, PAUSE_MS);
}

/** Begin to tell. */
export function announceChanges(): void {
  on("changed", ({ keys, reset }) => note(mirror.items, keys, reset));
}
