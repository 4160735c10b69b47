/* Files into the sandbox's home directory from the visitor's own machine, and back: by button, or dropped on the editor. */
import { h, one, tell } from "./dom";
import { mirror } from "./socket";
import { say } from "./words";

const MOST_BYTES = 1024 * 1024, MOST_FILES = 20; // the server has the same limits, and the last word

export interface Desk { shown: () => { path: string; text: string } | null; take: (path: string, text: string) => void }

async function upload(desk: Desk, files: FileList | File[]): Promise<void> {
  if (mirror.readOnly) return;
  for (const file of [...files].slice(0, MOST_FILES)) {
    if (file.size > MOST_BYTES) { tell("notice", { message: say("home.too_large", { name: file.name }) }); continue; }
    const bytes = await file.arrayBuffer();
    try {
      desk.take(file.name, new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch { tell("notice", { message: say("home.no_text", { name: file.name }) }); }
  }
}

function download({ path, text }: { path: string; text: string }): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  h("a", { href: url, download: path.split("/").at(-1)! }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Make the buttons work, and the editor a place to drop files on. */
export function prepareHome(desk: Desk, place: HTMLElement): void {
  const input = one<HTMLInputElement>("[data-file-upload]");
  input.addEventListener("change", () => { void upload(desk, [...input.files ?? []]); input.value = ""; });
  one("[data-file-upload-button]").addEventListener("click", () => input.click());
  one("[data-file-download]").addEventListener("click", () => { const shown = desk.shown(); if (shown) download(shown); });
  const holds = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  place.addEventListener("dragover", (event) => { if (holds(event)) { event.preventDefault(); place.classList.add("is-drop"); } }, true);
  place.addEventListener("dragleave", () => place.classList.remove("is-drop"));
  place.addEventListener("drop", (event) => {
    place.classList.remove("is-drop");
    if (!holds(event)) return;
    event.preventDefault();
    event.stopPropagation();
    void upload(desk, event.dataTransfer!.files);
  }, true);
}
