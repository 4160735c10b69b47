/* The cluster view: cards, lanes and pods as layout.ts places them, the nodes below, and the table twin.
 *
 * It draws at most once a frame, moves things by `transform` alone, and is one stop of the Tab key: arrow keys go from
 * thing to thing, Enter opens the drawer. */
import { announceChanges } from "./announce";
import { eachFrame, h, kept, one, set, svg, tell, text } from "./dom";
import { Glyph } from "./glyph";
import { nodesOf, place, ROOMY, type Card, type Mode, type Scene, Slots, SYSTEM_NAMESPACES } from "./layout";
import type { Node } from "./protocol";
import { Promised, promiseInWords } from "./promise";
import { keepReachable } from "./reach";
import { mirror, on } from "./socket";
import { watchControlPlane } from "./strip";
import { podTable } from "./table";
import { say } from "./words";

type Shown = Mode | "table";
const root = one("[data-island=cluster]");
const canvas = one("[data-canvas]", root);
const drawing = one<SVGSVGElement>("[data-drawing]", root);
const tableHolder = one("[data-table]", root);
const nodeStrip = one("[data-nodes]", root);
const others = one("[data-others]", root);
const layers = { cards: svg("g"), lanes: svg("g"), pods: svg("g") };
drawing.append(layers.cards, layers.lanes, layers.pods);

const slots: Record<Mode, Slots> = { owner: new Slots(), node: new Slots() };
const glyphs = new Map<string, Glyph>();
const cards = new Map<string, CardView>();
let shown: Shown = (kept.get("cluster.view") as Shown | null) ?? "owner";
let focused = "";

const fit = (words: string, width: number): string => {
  const room = Math.max(4, Math.floor(width / 7.4));
  return words.length <= room ? words : `${words.slice(0, room - 1)}…`;
};

/** What kubectl's STATUS column says of a node beyond "Ready". */
const stateOf = (node: Node): string => [node.ready ? "" : "NotReady", node.unschedulable ? "SchedulingDisabled" : ""].filter(Boolean).join(",");

class CardView {
  readonly element: SVGGElement;
  private readonly box = svg("rect", { class: "box", rx: 10 });
  private readonly hit = svg("rect", { class: "hit", height: 30, rx: 8, x: 4, y: 2 });
  private readonly kind = svg("tspan", { class: "kind" });
  private readonly name = svg("tspan", { class: "name", dx: 7 });
  private readonly count = svg("text", { class: "count", y: 21, "text-anchor": "end" });
  private readonly head: SVGGElement;
  private promised: Promised | undefined;
  private lanes = "";
  private readonly laneLayer = svg("g");

  constructor(card: Card) {
    this.head = svg("g", { class: "head", role: "button", tabindex: -1, "data-key": card.key }, this.hit);
    if (!card.key) this.head.removeAttribute("role");
    // What is written over the button may be cut short; its whole name is the button's own.
    const heading = svg("g", { class: "heading", "aria-hidden": "true" }, svg("text", { x: 14, y: 21 }, this.kind, this.name), this.count);
    this.element = svg("g", { class: `card kind-${card.kind}` }, this.box, this.head, heading, this.laneLayer);
  }

  update(card: Card): void {
    const { item } = card;
    this.element.style.transform = `translate(${card.x}px, ${card.y}px)`;
    set(this.box, "width", String(Math.round(card.width)));
    set(this.box, "height", String(Math.round(card.height)));
    set(this.hit, "width", String(Math.round(card.width - 8)));
    set(this.count, "x", String(Math.round(card.width - 14)));
    const loose = card.kind === "Pod" || card.kind === "NoNode";
    const kind = card.kind === "Pod" ? say("card.pods") : card.kind === "NoNode" ? say("card.no_node") : card.kind === "Node" ? "" : card.kind;
    text(this.kind, kind);
    set(this.name, "dx", kind ? "7" : "0");
    let count = "", words = `${card.kind} ${card.title}`;
    if (item?.kind === "Deployment") {
      count = card.width >= ROOMY ? "" : item.paused ? say("count.paused") : say("count.available", { n: item.available, of: item.desired });
      words = promiseInWords(item);
    } else if (item?.kind === "StatefulSet" || item?.kind === "ReplicaSet") {
      count = say("count.ready", { n: item.ready, of: item.desired });
      words += `, ${count}`;
    } else if (item?.kind === "Node") {
      const pods = card.lanes.reduce((sum, lane) => sum + lane.count, 0);
      const state = stateOf(item);
      const all = [state, say("count.pods", { n: pods })].filter(Boolean).join(" · ");
      count = state && card.width < 300 ? state : all;
      words += `, ${all}`;
      this.element.classList.toggle("is-bad", !item.ready || item.unschedulable);
    }
    text(this.count, count);
    text(this.name, fit(card.title, card.width - 44 - kind.length * 6.5 - count.length * 6.5));
    set(this.head, "aria-label", loose ? "" : words);
    if (item?.kind === "Deployment") {
      if (!this.promised) this.element.append((this.promised = new Promised()).element);
      const beside = card.width >= ROOMY;
      const width = beside ? Math.min(420, card.width / 2 - 14) : card.width - 28;
      this.promised.element.style.transform = beside ? `translate(${card.width - 14 - width}px, 14px)` : "translate(14px, 40px)";
      this.promised.update(item, width);
    }
    this.drawLanes(card);
  }

  private drawLanes(card: Card): void {
    const signature = JSON.stringify([card.lanes, card.x, card.y]);
    if (signature === this.lanes) return;
    this.lanes = signature;
    this.laneLayer.replaceChildren(...card.lanes.flatMap((lane) => {
      const x = lane.x - card.x, y = lane.y - card.y;
      const title = svg("text", { class: "lane-title", x, y: y + 13 });
      if (lane.revision !== null) title.append(svg("tspan", { class: "revision", "data-hue": lane.hue }, `r${lane.revision}`));
      if (lane.note) title.append(svg("tspan", { class: "note", dx: lane.revision === null ? 0 : 7 }, fit(lane.note, lane.width - 40)));
      const ghosts = lane.ghosts.map((ghost) => svg("text", { class: "ghost", "text-anchor": "middle", x: ghost.x - card.x + card.tile.size / 2, y: ghost.y - card.y + card.tile.size / 2 + 4 }, ghost.label));
      return [title, ...ghosts];
    }));
  }
}

let scene: Scene = { cards: [], pods: [], height: 0 };

function drawScene(mode: Mode): void {
  const width = Math.max(260, canvas.clientWidth - 2);
  scene = place(mirror.items, mode, width, canvas.clientHeight - 4, slots[mode]);
  set(drawing, "width", String(width));
  set(drawing, "height", String(Math.ceil(scene.height)));
  const seenCards = new Set<string>(), seenPods = new Set<string>();
  for (const card of scene.cards) {
    seenCards.add(card.id);
    let view = cards.get(card.id);
    if (!view) cards.set(card.id, (view = new CardView(card))), layers.cards.append(view.element);
    view.update(card);
  }
  for (const placed of scene.pods) {
    seenPods.add(placed.key);
    let glyph = glyphs.get(placed.key);
    if (!glyph) {
      glyphs.set(placed.key, (glyph = new Glyph(placed.key)));
      layers.pods.append(glyph.element);
      glyph.enter();
    }
    glyph.update(placed);
  }
  for (const [id, view] of cards) if (!seenCards.has(id)) cards.delete(id), view.element.remove();
  for (const [key, glyph] of glyphs) if (!seenPods.has(key)) glyphs.delete(key), glyph.leave();
  keepOneStop();
}

function drawNodes(): void {
  nodeStrip.hidden = shown === "node";
  if (nodeStrip.hidden) return;
  nodeStrip.replaceChildren(...nodesOf(mirror.items).map(({ key, node, hues }) => {
    const state = stateOf(node);
    const dots = h("span", { class: "dots", "aria-hidden": "true" }, ...hues.slice(0, 18).map((hue) => h("i", { "data-hue": hue })));
    return h("button", { type: "button", class: state ? "node is-bad" : "node", "data-key": key }, h("span", { class: "mono" }, node.name), dots,
      h("span", { class: "soft nums" }, [state, say("count.pods", { n: hues.length })].filter(Boolean).join(" · ")));
  }));
}

const ASIDE = new Set(["Service", "ConfigMap", "Secret", "PersistentVolumeClaim", "PersistentVolume", "Ingress", "Job", "CronJob"]);

function drawOthers(): void {
  const listed = [...mirror.items].filter(([, item]) => ASIDE.has(item.kind) && !SYSTEM_NAMESPACES.has(item.namespace ?? "") && item.name !== "kube-root-ca.crt");
  others.hidden = listed.length === 0;
  const chips = listed.slice(0, 30).map(([key, item]) => h("button", { type: "button", class: "chip", "data-key": key }, h("span", { class: "soft" }, item.kind), ` ${item.name}`));
  if (listed.length > 30) chips.push(h("button", { type: "button", class: "chip", disabled: true }, `+${listed.length - 30}`));
  others.replaceChildren(...chips);
}

function draw(): void {
  const empty = mirror.loaded && ![...mirror.items.values()].some((item) => ["Pod", "Deployment", "ReplicaSet", "StatefulSet"].includes(item.kind) && !SYSTEM_NAMESPACES.has(item.namespace ?? ""));
  one("[data-loading]", root).hidden = mirror.loaded;
  one("[data-empty]", root).hidden = !empty || shown === "node";
  drawing.toggleAttribute("hidden", shown === "table" || !mirror.loaded);
  drawing.style.display = shown === "table" ? "none" : "";
  tableHolder.hidden = shown !== "table";
  if (!mirror.loaded) return;
  if (shown === "table") tableHolder.replaceChildren(podTable(place(mirror.items, "owner", 800, 600, slots.owner).pods));
  else drawScene(shown);
  drawNodes();
  drawOthers();
}

const redraw = eachFrame(draw);

function things(): { element: SVGGElement; x: number; y: number; id: string }[] {
  const found = [...drawing.querySelectorAll<SVGGElement>("[role=button]")].map((element) => {
    const { x, y } = element.getBoundingClientRect();
    return { element, x: Math.round(x), y: Math.round(y), id: element.dataset.key ?? "" };
  });
  return found.sort((a, b) => a.y - b.y || a.x - b.x);
}

function keepOneStop(): void {
  const current = drawing.querySelector(`[tabindex="0"]`);
  if (current?.getAttribute("role")) return;
  current?.setAttribute("tabindex", "-1");
  drawing.querySelector("[role=button]")?.setAttribute("tabindex", "0");
}

function focus(element: SVGGElement): void {
  for (const old of drawing.querySelectorAll(`[tabindex="0"]`)) old.setAttribute("tabindex", "-1");
  element.setAttribute("tabindex", "0");
  element.focus();
  focused = element.dataset.key ?? "";
}

function walk(event: KeyboardEvent): void {
  const all = things();
  const at = all.findIndex(({ element }) => element === document.activeElement);
  const here = all[at];
  if (!here) return;
  const rows = (down: boolean) => all.filter(({ y }) => (down ? y > here.y + 6 : y < here.y - 6))
    .sort((a, b) => Math.abs(a.y - here.y) * 3 + Math.abs(a.x - here.x) - Math.abs(b.y - here.y) * 3 - Math.abs(b.x - here.x));
  const next = { ArrowRight: all[at + 1], ArrowLeft: all[at - 1], ArrowDown: rows(true)[0], ArrowUp: rows(false)[0], Home: all[0], End: all.at(-1) }[event.key];
  if (next) focus(next.element);
  else if (event.key === "Enter" || event.key === " ") tell("describe", { key: focused || here.id });
  else return;
  event.preventDefault();
}

drawing.addEventListener("keydown", walk);
drawing.addEventListener("focusin", (event) => { focused = (event.target as SVGElement).dataset.key ?? ""; });
root.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLElement>("[data-view]");
  if (button) {
    shown = button.dataset.view as Shown;
    kept.set("cluster.view", shown);
    markView();
    return redraw();
  }
  const key = (event.target as Element).closest<HTMLElement>("[data-key]")?.dataset.key;
  if (key) tell("describe", { key });
});

function markView(): void {
  for (const button of root.querySelectorAll<HTMLElement>("[data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === shown));
}

markView();
new ResizeObserver(redraw).observe(canvas);
keepReachable([canvas]);
on("changed", ({ reset }) => { if (reset) slots.owner.clear(), slots.node.clear(); redraw(); });
watchControlPlane();
announceChanges();
redraw();
