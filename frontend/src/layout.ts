/* Where everything of the cluster view stands: a pure function from what the server sent to places on a plane.
 *
 * By owner, each workload is a card with one lane a revision; by node, each node is a card with one lane a workload and
 * revision. Within a lane a pod keeps its slot for as long as it lives (a StatefulSet's pod: the slot of its ordinal). */
import type { Item, Items, Node, Pod, ReplicaSet, StatefulSet } from "./protocol";

export type Mode = "owner" | "node";
export interface PlacedPod { key: string; pod: Pod; x: number; y: number; tile: Tile; hue: number; revision: number | null }
export interface Lane { id: string; x: number; y: number; width: number; revision: number | null; hue: number; note: string; count: number; ghosts: { x: number; y: number; label: string }[] }
export interface Card {
  id: string; key: string | null; kind: string; title: string; item: Item | null;
  x: number; y: number; width: number; height: number; tile: Tile; lanes: Lane[];
}
export interface Scene { cards: Card[]; pods: PlacedPod[]; height: number }
export interface Tile { size: number; pitchX: number; pitchY: number; labelled: boolean }

const TILES: Tile[] = [
  { size: 52, pitchX: 80, pitchY: 82, labelled: true },
  { size: 38, pitchX: 56, pitchY: 60, labelled: true },
  { size: 26, pitchX: 34, pitchY: 34, labelled: false },
  { size: 18, pitchX: 24, pitchY: 24, labelled: false },
  { size: 13, pitchX: 17, pitchY: 17, labelled: false },
];
const MANY = 24; // a card of more pods takes the whole width
const LABELLED = 1, FEW = 12; // a card of few pods keeps tiles with names, however small others get
const GAP = 12, PAD = 14, TITLE = 32, GAUGE = 34, LANE_TITLE = 22, HUES = 6, CARD_WIDTH = { owner: 330, node: 200 };
/** From this width on, a Deployment's promise stands beside its name, not below. */
export const ROOMY = 620;
export const SYSTEM_NAMESPACES = new Set(["kube-system", "kube-public", "kube-node-lease"]);

interface Entry { key: string; pod: Pod; revision: number | null; order: number }
interface LaneDraft { id: string; revision: number | null; note: string; entries: Entry[]; ordinals: boolean; desired: number }
interface CardDraft { id: string; key: string | null; kind: string; title: string; item: Item | null; lanes: Map<string, LaneDraft> }

const path = (namespace: string | undefined, name: string): string =>
  namespace && namespace !== "default" ? `${namespace}/${name}` : name;
const shortImage = (images: string[] | undefined): string => (images ?? []).map((image) => image.split("/").at(-1)).join(", ");

const numberOf = (set: ReplicaSet): number | null => Number(set.revision) || null;

/** The slots of pods: a lane's pods stay where they are when others come and go. */
export class Slots {
  private readonly taken = new Map<string, Map<string, number>>();

  /** Give each of the keys a slot in the lane: the one it had, else the first that is free. */
  assign(lane: string, keys: string[]): Map<string, number> {
    const before = this.taken.get(lane) ?? new Map<string, number>();
    const now = new Map<string, number>();
    // With more holes than pods, everybody moves up once.
    const holes = Math.max(-1, ...keys.map((key) => before.get(key) ?? -1)) + 1 - keys.length;
    if (holes <= keys.length + 4) for (const key of keys) if (before.has(key)) now.set(key, before.get(key)!);
    const used = new Set(now.values());
    let free = 0;
    for (const key of keys) {
      if (now.has(key)) continue;
      while (used.has(free)) free += 1;
      now.set(key, free);
      used.add(free);
    }
    this.taken.set(lane, now);
    return now;
  }

  /** Forget everything, so that the next assignment is dense. */
  clear(): void { this.taken.clear(); }
}

interface Owner { id: string; key: string | null; kind: string; title: string; item: Item | null; revision: number | null; note: string }
interface Index { uids: Map<string, [string, Item]>; numbers: Map<string, number> }

function index(items: Items): Index {
  const uids = new Map<string, [string, Item]>();
  const numbers = new Map<string, number>();
  for (const [key, item] of items) {
    if (item.uid && item.kind !== "Pod") uids.set(item.uid, [key, item]);
    if (item.kind === "ControllerRevision" && item.revision) numbers.set(`${item.namespace}/${item.name}`, item.revision);
  }
  return { uids, numbers };
}

/** The number of a StatefulSet's pod's revision: its ControllerRevision's, where the server tells it. */
function setRevision(set: StatefulSet, hash: string, { numbers }: Index): number | null {
  if (!hash) return null;
  const known = numbers.get(`${set.namespace}/${hash}`);
  if (known) return known;
  const hasTwo = set.current_revision && set.current_revision !== set.update_revision;
  return hasTwo && set.update_revision.endsWith(hash) ? 2 : 1;
}

/** The workload that a pod is shown under: its Deployment through its ReplicaSet, else its owner, else none. */
function ownerOf(pod: Pod, indexed: Index): Owner {
  const { uids } = indexed;
  const [key, item] = uids.get(pod.owner ?? "") ?? ["", null];
  if (item?.kind === "ReplicaSet") {
    const [parentKey, parent] = uids.get(item.owner ?? "") ?? [key, item as Item];
    return { id: parentKey, key: parentKey, kind: parent.kind, title: path(parent.namespace, parent.name), item: parent, revision: numberOf(item), note: shortImage(item.images) };
  }
  if (item?.kind === "StatefulSet") {
    return { id: key, key, kind: item.kind, title: path(item.namespace, item.name), item, revision: setRevision(item, pod.hash, indexed), note: shortImage(pod.images) };
  }
  if (pod.owner_name) {
    return { id: `${pod.owner_kind}/${pod.namespace}/${pod.owner_name}`, key: key || null, kind: pod.owner_kind, title: path(pod.namespace, pod.owner_name), item, revision: null, note: "" };
  }
  return { id: `pods/${pod.namespace}`, key: null, kind: "Pod", title: pod.namespace === "default" ? "" : pod.namespace ?? "", item: null, revision: null, note: "" };
}

function card(cards: Map<string, CardDraft>, id: string, make: () => Omit<CardDraft, "lanes" | "id">): CardDraft {
  if (!cards.has(id)) cards.set(id, { id, ...make(), lanes: new Map() });
  return cards.get(id)!;
}

function lane(of: CardDraft, id: string, make: () => Omit<LaneDraft, "entries" | "id">): LaneDraft {
  if (!of.lanes.has(id)) of.lanes.set(id, { id, ...make(), entries: [] });
  return of.lanes.get(id)!;
}

/** Cards of workloads that have no pod at the moment, and the lanes of revisions that want some. */
function emptyWorkloads(items: Items, cards: Map<string, CardDraft>, { uids }: Index): void {
  for (const [key, item] of items) {
    if (item.kind === "Deployment" || item.kind === "StatefulSet") {
      const of = card(cards, key, () => ({ key, kind: item.kind, title: path(item.namespace, item.name), item }));
      if (item.kind === "StatefulSet") lane(of, `${key}#set`, () => ({ revision: null, note: "", ordinals: true, desired: item.desired }));
    }
    if (item.kind !== "ReplicaSet") continue;
    const [ownerKey, owner] = uids.get(item.owner ?? "") ?? [key, item as Item];
    const of = card(cards, ownerKey, () => ({ key: ownerKey, kind: owner.kind, title: path(owner.namespace, owner.name), item: owner }));
    if (item.desired > 0) lane(of, `${ownerKey}#${numberOf(item)}`, () => ({ revision: numberOf(item), note: shortImage(item.images), ordinals: false, desired: 0 }));
  }
}

function draft(items: Items, mode: Mode): CardDraft[] {
  const cards = new Map<string, CardDraft>();
  const indexed = index(items);
  if (mode === "owner") emptyWorkloads(items, cards, indexed);
  else card(cards, "no-node", () => ({ key: null, kind: "NoNode", title: "", item: null })); // always there: nothing shifts when a pod waits
  if (mode === "node") for (const [key, item] of items) {
    if (item.kind === "Node") card(cards, key, () => ({ key, kind: "Node", title: item.name, item }));
  }
  const nodeKeys = new Map([...items].filter(([, item]) => item.kind === "Node").map(([key, item]) => [item.name, key]));
  for (const [key, pod] of items) {
    if (pod.kind !== "Pod" || SYSTEM_NAMESPACES.has(pod.namespace ?? "")) continue;
    const owner = ownerOf(pod, indexed);
    const ordinals = mode === "owner" && owner.kind === "StatefulSet";
    let of: CardDraft;
    if (mode === "owner") of = card(cards, owner.id, () => owner);
    else {
      of = cards.get(nodeKeys.get(pod.node) ?? "no-node")!;
    }
    const id = ordinals ? `${owner.id}#set` : `${of.id}#${mode === "node" ? owner.id : ""}#${owner.revision}`.replace("##", "#");
    const note = mode === "node" ? owner.title : owner.note;
    lane(of, id, () => ({ revision: ordinals ? null : owner.revision, note, ordinals, desired: 0 }))
      .entries.push({ key, pod, revision: owner.revision, order: pod.ordinal ?? 0 });
  }
  const rank = (of: CardDraft): string => (of.kind === "NoNode" ? "0" : of.kind === "Pod" ? "9" : "5") + of.title;
  return [...cards.values()].sort((a, b) => rank(a).localeCompare(rank(b)));
}

const hueOf = (revision: number | null): number => (revision === null ? 1 : ((revision - 1) % HUES) + 1);
const rowsOf = (count: number, width: number, tile: Tile): number => Math.ceil(count / Math.max(1, Math.floor(width / tile.pitchX)));

interface LanePlan { draft: LaneDraft; slots: Map<string, number>; count: number }

function plan(of: CardDraft, slots: Slots): LanePlan[] {
  return [...of.lanes.values()]
    .sort((a, b) => (a.revision ?? 0) - (b.revision ?? 0) || a.note.localeCompare(b.note))
    .map((draft) => {
      const sorted = draft.entries.sort((a, b) => a.pod.created.localeCompare(b.pod.created) || a.order - b.order || a.key.localeCompare(b.key));
      const taken = draft.ordinals
        ? new Map(sorted.map((entry) => [entry.key, entry.order]))
        : slots.assign(draft.id, sorted.map((entry) => entry.key));
      return { draft, slots: taken, count: Math.max(0, draft.desired, ...[...taken.values()].map((slot) => slot + 1)) };
    });
}

function placeCard(of: CardDraft, lanes: LanePlan[], x: number, y: number, width: number, tile: Tile, pods: PlacedPod[]): Card {
  const inner = width - 2 * PAD;
  const side = of.kind !== "Node" && lanes.length > 1 && inner / lanes.length >= 3 * tile.pitchX;
  const laneWidth = side ? (inner - (lanes.length - 1) * GAP) / lanes.length : inner;
  let laneY = y + TITLE + (of.kind !== "Deployment" ? 4 : width < ROOMY ? GAUGE + 4 : 14);
  let bottom = laneY + (lanes.length ? 0 : 14);
  const placed: Lane[] = [];
  lanes.forEach(({ draft, slots, count }, position) => {
    const laneX = x + PAD + (side ? position * (laneWidth + GAP) : 0);
    const columns = Math.max(1, Math.floor(laneWidth / tile.pitchX));
    const titled = draft.note !== "" || draft.revision !== null;
    const at = (slot: number): { x: number; y: number } => ({
      x: laneX + (slot % columns) * tile.pitchX,
      y: laneY + (titled ? LANE_TITLE : 0) + Math.floor(slot / columns) * tile.pitchY,
    });
    const filled = new Set(slots.values());
    const ghosts = draft.ordinals
      ? Array.from({ length: draft.desired }, (_, slot) => slot).filter((slot) => !filled.has(slot)).map((slot) => ({ ...at(slot), label: String(slot) }))
      : [];
    for (const { key, pod, revision } of draft.entries) {
      pods.push({ key, pod, revision, hue: hueOf(revision), tile, ...at(slots.get(key)!) });
    }
    placed.push({ id: draft.id, x: laneX, y: laneY, width: laneWidth, revision: draft.revision, hue: hueOf(draft.revision), note: draft.note, count: draft.entries.length, ghosts });
    const height = (titled ? LANE_TITLE : 0) + Math.max(1, rowsOf(count, laneWidth, tile)) * tile.pitchY + 2;
    bottom = Math.max(bottom, laneY + height);
    if (!side) laneY += height + 4;
  });
  return { id: of.id, key: of.key, kind: of.kind, title: of.title, item: of.item, x, y, width, height: bottom - y + PAD - 6, tile, lanes: placed };
}

function arrange(drafts: { of: CardDraft; lanes: LanePlan[] }[], width: number, level: number, cardWidth: number): Scene {
  const columns = Math.max(1, Math.min(drafts.length, Math.floor((width + GAP) / (cardWidth + GAP)), 4));
  const column = (width - (columns - 1) * GAP) / columns;
  const heights = new Array<number>(columns).fill(0);
  const pods: PlacedPod[] = [];
  const cards = drafts.map(({ of, lanes }) => {
    const total = lanes.reduce((sum, { count }) => sum + count, 0);
    // By what a Deployment may have at most, so that its card does not change its width while it rolls.
    const most = of.item?.kind === "Deployment" ? of.item.at_most : total;
    const wide = columns > 1 && of.kind !== "Node" && most > MANY;
    const shortest = heights.indexOf(Math.min(...heights));
    const y = wide ? Math.max(...heights) : heights[shortest]!;
    const tile = TILES[total <= FEW ? Math.min(level, LABELLED) : level]!;
    const made = placeCard(of, lanes, wide ? 0 : shortest * (column + GAP), y, wide ? width : column, tile, pods);
    if (wide) heights.fill(y + made.height + GAP);
    else heights[shortest] = y + made.height + GAP;
    return made;
  });
  return { cards, pods, height: Math.max(0, ...heights) };
}

/** Place everything on a plane of `width` pixels, with the largest tiles that need at most `height`. */
export function place(items: Items, mode: Mode, width: number, height: number, slots: Slots): Scene {
  const drafts = draft(items, mode).map((of) => ({ of, lanes: plan(of, slots) }));
  let scene = arrange(drafts, width, 0, CARD_WIDTH[mode]);
  for (let level = 1; level < TILES.length && scene.height > height; level += 1) scene = arrange(drafts, width, level, CARD_WIDTH[mode]);
  return scene;
}

/** The nodes in order, each with the hues of its pods. */
export function nodesOf(items: Items): { key: string; node: Node; hues: number[] }[] {
  const indexed = index(items);
  const hues = new Map<string, number[]>();
  for (const pod of items.values()) {
    if (pod.kind !== "Pod" || !pod.node || SYSTEM_NAMESPACES.has(pod.namespace ?? "")) continue;
    if (!hues.has(pod.node)) hues.set(pod.node, []);
    hues.get(pod.node)!.push(hueOf(ownerOf(pod, indexed).revision));
  }
  const nodes: { key: string; node: Node; hues: number[] }[] = [];
  for (const [key, item] of items) if (item.kind === "Node") nodes.push({ key, node: item, hues: (hues.get(item.name) ?? []).sort() });
  return nodes.sort((a, b) => a.node.name.localeCompare(b.node.name));
}
