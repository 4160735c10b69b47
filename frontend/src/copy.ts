/* Buttons that copy the text of something else on the page: `data-copies` is its selector. They may come later, by htmx. */
import { text } from "./dom";

const SHOWN_MS = 1600;

/** Make them work, those that are there and those that will be. */
export function prepareCopying(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>("button[data-copies]");
    if (button) void copy(button);
  });
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const word = button.textContent ?? "";
  const { copies, copied, notCopied } = button.dataset;
  let said = copied;
  try {
    await navigator.clipboard.writeText(document.querySelector(copies ?? "")?.textContent ?? "");
  } catch { said = notCopied; }
  text(button, said ?? word);
  setTimeout(() => text(button, word), SHOWN_MS);
}
