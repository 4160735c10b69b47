/* The workspace page around the islands: panels, drawer, lesson, and what is said about the connection. */
import { prepareCopying } from "./copy";
import { prepareDrawer } from "./drawer";
import { h, hear, one, text } from "./dom";
import { prepareLesson } from "./lesson";
import type { Look } from "./protocol";
import { arrangePanels } from "./panels";
import { preparePorts } from "./ports";
import { prepareRewind } from "./rewind";
import { mirror, on, send } from "./socket";
import { say } from "./words";

const BANNER_AFTER_MS = 1200; // a blink of the network is nobody's business
const TOAST_MS = 7000;
const banner = one("[data-connection]");
const toasts = one("[data-toasts]");
let bannerTimer = 0;

on("connection", ({ up, tries, gone }) => {
  if (up || gone) clearTimeout(bannerTimer);
  document.body.classList.toggle("is-offline", !up);
  if (up) {
    if (!banner.hidden) text(banner, say("connection.back"));
    bannerTimer = window.setTimeout(() => { banner.hidden = true; }, 1500);
  } else if (gone) {
    text(banner, say("connection.gone"));
    banner.hidden = false;
  } else if (tries === 1) {
    clearTimeout(bannerTimer);
    bannerTimer = window.setTimeout(() => { text(banner, say("connection.lost")); banner.hidden = false; }, BANNER_AFTER_MS);
  } else if (tries > 5) text(banner, say("connection.long"));
});

function toast(message: string): void {
  const toast = h("p", { class: "toast", role: "alert" }, message);
  toasts.append(toast);
  while (toasts.childElementCount > 3) toasts.firstElementChild!.remove();
  setTimeout(() => toast.remove(), TOAST_MS);
}
on("error", ({ message }) => toast(message));
hear("notice", ({ message }) => toast(message));

on("look", ({ look }) => {
  for (const button of document.querySelectorAll("[data-look]")) button.setAttribute("aria-pressed", String(button.getAttribute("data-look") === look));
});
for (const button of document.querySelectorAll<HTMLElement>("[data-look]")) button.addEventListener("click", () => send("look", { look: button.dataset.look as Look }));

on("snapshot", () => document.body.classList.toggle("is-read-only", mirror.readOnly));
hear("theme", ({ dark }) => { document.body.dataset.dark = String(dark); });

arrangePanels();
prepareCopying();
prepareDrawer();
prepareLesson();
preparePorts();
prepareRewind();
