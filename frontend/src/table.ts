/* The table twin of the cluster view: the same pods, in rows, for who reads rather than looks. */
import { h } from "./dom";
import { podInWords } from "./glyph";
import type { PlacedPod } from "./layout";
import { say } from "./words";

const COLUMNS = ["name", "state", "ready", "restarts", "revision", "node", "ip"];

/** A table of all pods; each name opens the drawer, by the `data-key` that it carries. */
export function podTable(pods: PlacedPod[]): HTMLElement {
  const rows = [...pods].sort((a, b) => a.key.localeCompare(b.key, undefined, { numeric: true })).map(({ key, pod, revision }) => {
    const name = h("button", { type: "button", class: "link", "data-key": key, title: podInWords(pod, revision) }, pod.name);
    const cells = [`${say(`state.${pod.state}`)} · ${pod.status}`, pod.ready, String(pod.restarts), revision === null ? "–" : `r${revision}`, pod.node || "–", pod.ip || "–"];
    return h("tr", {}, h("th", { scope: "row" }, name), ...cells.map((cell) => h("td", {}, cell)));
  });
  return h("div", { class: "table-wrap" }, h("table", {},
    h("caption", { class: "visually-hidden" }, say("table.caption", { n: rows.length })),
    h("thead", {}, h("tr", {}, ...COLUMNS.map((column) => h("th", { scope: "col" }, say(`table.${column}`))))),
    h("tbody", {}, ...rows)));
}
