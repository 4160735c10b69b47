import assert from "node:assert/strict";
import { test } from "node:test";
import { nodesOf, place, Slots } from "../src/layout";
import type { Item, Items, Pod } from "../src/protocol";

const pod = (name: string, more: Partial<Pod> = {}): [string, Item] => [`/registry/pods/default/${name}`, {
  kind: "Pod", name, namespace: "default", uid: name, node: "k8s-node01", owner: null, owner_kind: "", owner_name: "", hash: "", ordinal: null,
  state: "ready", status: "Running", ready: "1/1", restarts: 0, images: ["nginx"], ip: "", created: "2026-01-01T00:00:00Z", ...more,
}];
const node = (name: string): [string, Item] => [`/registry/minions/${name}`, { kind: "Node", name, ready: true, unschedulable: false, cpu: "4", memory: "8Gi", pods: "110" }];
const deployment = (name: string): [string, Item] => [`/registry/deployments/default/${name}`, {
  kind: "Deployment", name, namespace: "default", uid: `d-${name}`, desired: 3, updated: 3, ready: 3, available: 3, total: 3, at_least: 3, at_most: 4,
  paused: false, strategy: "RollingUpdate", images: ["nginx"], progress: "",
}];
const replicaSet = (of: string, revision: number, desired = 1): [string, Item] => [`/registry/replicasets/default/${of}-${revision}`, {
  kind: "ReplicaSet", name: `${of}-${revision}`, namespace: "default", uid: `rs-${revision}`, owner: `d-${of}`, revision: String(revision), hash: "",
  desired, current: 1, ready: 1, available: 1, images: [`nginx:1.${revision}`],
}];
const statefulSet = (desired: number): [string, Item] => ["/registry/statefulsets/default/web", {
  kind: "StatefulSet", name: "web", namespace: "default", uid: "ss", desired, current: 1, ready: 1, updated: 1, current_revision: "web-a", update_revision: "web-b", partition: 0,
}];
const cluster = (...items: [string, Item][]): Items => new Map(items);

test("a Deployment's pods stand in one lane a revision", () => {
  const scene = place(cluster(deployment("web"), replicaSet("web", 1), replicaSet("web", 2), pod("a", { owner: "rs-1" }), pod("b", { owner: "rs-2" })), "owner", 900, 600, new Slots());
  assert.deepEqual(scene.cards.map(({ kind, title }) => [kind, title]), [["Deployment", "web"]]);
  assert.deepEqual(scene.cards[0]!.lanes.map(({ revision, note }) => [revision, note]), [[1, "nginx:1.1"], [2, "nginx:1.2"]]);
  assert.deepEqual(scene.pods.map((placed) => [placed.pod.name, placed.revision, placed.hue]), [["a", 1, 1], ["b", 2, 2]]);
});

test("an old ReplicaSet without pods takes no lane", () => {
  const scene = place(cluster(deployment("web"), replicaSet("web", 1, 0), replicaSet("web", 2)), "owner", 900, 600, new Slots());
  assert.deepEqual(scene.cards[0]!.lanes.map(({ revision }) => revision), [2]);
});

test("a pod keeps its place when another goes, and a new one takes the free place", () => {
  const slots = new Slots();
  const at = (...names: string[]): Map<string, number> => new Map(place(cluster(...names.map((name) => pod(name))), "owner", 900, 600, slots).pods.map(({ pod: { name }, x }) => [name, x]));
  const before = at("a", "b", "c");
  const without = at("b", "c");
  assert.equal(without.get("b"), before.get("b"));
  const after = at("b", "c", "d");
  assert.equal(after.get("d"), before.get("a"));
});

test("a StatefulSet's pods stand at their ordinal, and what is wanted has a ghost", () => {
  const own = { owner: "ss", owner_kind: "StatefulSet", owner_name: "web" };
  const scene = place(cluster(statefulSet(4), pod("web-0", { ...own, ordinal: 0, hash: "web-a" }), pod("web-2", { ...own, ordinal: 2, hash: "web-b" })), "owner", 900, 600, new Slots());
  const [first, third] = scene.pods;
  assert.equal(third!.x - first!.x, 2 * first!.tile.pitchX);
  assert.deepEqual(scene.cards[0]!.lanes[0]!.ghosts.map(({ label }) => label), ["1", "3"]);
  assert.deepEqual(scene.pods.map(({ revision }) => revision), [1, 2]);
});

test("by node, pods stand on their node, and those without one have a place of their own", () => {
  const scene = place(cluster(node("k8s-node01"), node("k8s-node02"), pod("a"), pod("b", { node: "" })), "node", 900, 600, new Slots());
  assert.deepEqual(scene.cards.map(({ kind, title, lanes }) => [kind, title, lanes.reduce((sum, { count }) => sum + count, 0)]), [["NoNode", "", 1], ["Node", "k8s-node01", 1], ["Node", "k8s-node02", 0]]);
});

test("three hundred pods are drawn smaller so that they need less than the height there is", () => {
  const many = Array.from({ length: 300 }, (_, n) => pod(`p-${n}`));
  const scene = place(cluster(...many), "owner", 900, 300, new Slots());
  assert.ok(scene.height <= 300, String(scene.height));
  assert.equal(new Set(scene.pods.map(({ x, y }) => `${x},${y}`)).size, 300);
});

test("no two pods share a place while a Deployment of many rolls", () => {
  const half = (revision: number) => Array.from({ length: 60 }, (_, n) => pod(`r${revision}-${n}`, { owner: `rs-${revision}` }));
  const scene = place(cluster(deployment("web"), replicaSet("web", 1), replicaSet("web", 2), ...half(1), ...half(2)), "owner", 390, 200, new Slots());
  assert.equal(new Set(scene.pods.map(({ x, y }) => `${x},${y}`)).size, 120);
});

test("the system's own pods are left out", () => {
  const scene = place(cluster(["/registry/pods/kube-system/dns", { ...pod("dns")[1], namespace: "kube-system" } as Item]), "owner", 900, 600, new Slots());
  assert.deepEqual(scene.pods, []);
});

test("nodes are listed by name, each with its pods' hues", () => {
  const nodes = nodesOf(cluster(node("k8s-node02"), node("k8s-node01"), deployment("web"), replicaSet("web", 2), pod("a", { owner: "rs-2" })));
  assert.deepEqual(nodes.map(({ node: { name }, hues }) => [name, hues]), [["k8s-node01", [2]], ["k8s-node02", []]]);
});
