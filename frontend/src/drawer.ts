/* The drawer at the right: what the server describes of an object, and what happened to it. */
import { hear, one, text } from "./dom";
import { keepReachable } from "./reach";
import { on, send } from "./socket";
import { say } from "./words";
import { storyOf } from "./why";

const drawer = one("[data-drawer]");
const body = one("[data-drawer-body]", drawer);
const title = one("[data-drawer-title]", drawer);
const subtitle = one("[data-drawer-subtitle]", drawer);
let asked = 0;
let key = "";
let returnTo: HTMLElement | SVGElement | null = null;

function open(heading: string, under: string): void {
  if (drawer.hidden) returnTo = document.activeElement as HTMLElement | SVGElement | null;
  text(title, heading);
  text(subtitle, under);
  drawer.hidden = false;
  drawer.focus();
}

function close(): void {
  if (drawer.hidden) return;
  drawer.hidden = true;
  asked += 1; // an answer that is still on its way comes too late
  if (returnTo?.isConnected) returnTo.focus();
}

function describe(wanted: string): void {
  key = wanted;
  asked += 1;
  const [, , kind = "", ...name] = wanted.split("/");
  open(name.at(-1) ?? wanted, [kind, ...name.slice(0, -1)].join(" · "));
  body.replaceChildren();
  body.dataset.state = send("describe", { id: asked, key: wanted }) ? "loading" : "offline";
  if (body.dataset.state === "offline") body.append(say("drawer.offline"));
}

/** Make the drawer obey. */
export function prepareDrawer(): void {
  on("details", ({ id, html }) => {
    if (id !== asked) return;
    delete body.dataset.state;
    // The server's own template rendered this, with every value escaped.
    body.innerHTML = html;
    // Where the steps are still known here, each can be followed back to its cause; else the server's list stays.
    const story = storyOf(key);
    const told = body.querySelector("[data-story]");
    if (story && told) told.replaceWith(story);
    keepReachable([body, ...body.querySelectorAll<HTMLElement>("pre, .table-wrap")]);
  });
  hear("describe", ({ key: wanted }) => describe(wanted));
  hear("drawer", ({ title: heading, subtitle: under, content }) => {
    asked += 1;
    delete body.dataset.state;
    open(heading, under);
    body.replaceChildren(content);
  });
  drawer.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } });
  one("[data-drawer-close]", drawer).addEventListener("click", close);
}
