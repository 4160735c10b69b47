/* What `kubectl port-forward` leads to: a tab a port, with the page that the pod answers in a frame that may do nothing. */
import { h, one, tell, text } from "./dom";
import type { ForwardedPort } from "./protocol";
import { mirror, on } from "./socket";
import { say } from "./words";

interface Opened { port: ForwardedPort; tab: HTMLButtonElement; path: string }
const opened = new Map<number, Opened>();
let shown: Opened | null = null;
let covered: Element | null = null;

/** Watch the ports. */
export function preparePorts(): void {
  const view = one("[data-port-view]"), tabs = one("[data-file-tabs]");
  const frame = one<HTMLIFrameElement>("iframe", view), address = one<HTMLInputElement>("[data-port-path]", view);
  const prefix = one("[data-port-host]", view), apart = one<HTMLAnchorElement>("[data-port-apart]", view);
  const base = location.pathname.replace(/(review\/)?$/, "");
  const urlOf = ({ port: { port }, path }: Opened): string => `${base}ports/${port}${path}`;

  const load = (): void => {
    if (!shown) return;
    address.value = shown.path;
    apart.href = urlOf(shown);
    frame.src = urlOf(shown);
    frame.title = `localhost:${shown.port.port}`;
  };
  const show = (chosen: Opened | null): void => {
    shown = chosen;
    view.hidden = !chosen;
    for (const { tab } of opened.values()) tab.setAttribute("aria-selected", String(tab === chosen?.tab));
    // It covers the file that was in front, whose tab is marked again when it goes.
    const marked = tabs.querySelector(".tab[aria-selected=true]:not(.port-tab)");
    if (chosen && marked) { covered = marked; marked.setAttribute("aria-selected", "false"); }
    else if (!chosen && covered && !marked) covered.setAttribute("aria-selected", "true");
    if (!chosen) { frame.removeAttribute("src"); return; }
    text(prefix, `localhost:${chosen.port.port}`);
    text(one("[data-port-pod]", view), say("port.leads", { pod: chosen.port.pod, port: chosen.port.pod_port }));
    load();
    tell("dock", { group: "files" });
    tell("show", { panel: "editor" });
  };
  const open = (port: ForwardedPort): void => {
    const tab = h("button", { type: "button", role: "tab", class: "tab port-tab", "aria-controls": "port-view", tabindex: "-1" }, `⇄ :${port.port}`);
    const made = { port, tab, path: "/" };
    tab.addEventListener("click", () => show(made));
    tabs.append(tab);
    opened.set(port.port, made);
    if (mirror.loaded) show(made); // one that was there when the page came waits to be looked at
  };

  on("ports", ({ ports }) => {
    if (mirror.readOnly) return;
    const there = new Map(ports.map((port) => [port.port, port]));
    for (const [number, { port, tab }] of opened) {
      const now = there.get(number);
      if (now?.pod === port.pod && now.pod_port === port.pod_port) continue;
      if (shown?.tab === tab) show(null);
      tab.remove();
      opened.delete(number);
    }
    for (const port of ports) if (!opened.has(port.port)) open(port);
  });
  // Any file brought to the front covers it.
  tabs.addEventListener("click", (event) => { if (!(event.target as Element).closest(".port-tab") && shown) show(null); });
  on("editor", () => show(null));
  one("[data-port-form]", view).addEventListener("submit", (event) => {
    event.preventDefault();
    if (!shown) return;
    shown.path = `/${address.value.replace(/^\/+/, "")}`;
    load();
  });
}
