/* What terminals print, said to screen readers: politely, whole lines, and of much only the beginning. */
import { one, text } from "./dom";
import { say } from "./words";

const PAUSE_MS = 400, MOST_LINES = 20, KEPT = 30;
let waiting = "", timer = 0;

function speak(region: HTMLElement): void {
  timer = 0;
  const lines = waiting.split("\n").map((line) => line.trim()).filter(Boolean);
  waiting = "";
  if (!lines.length) return;
  const said = document.createElement("p");
  const rest = lines.length - MOST_LINES;
  text(said, lines.slice(0, MOST_LINES).join("\n") + (rest > 0 ? `\n${say("terminal.more", { n: rest })}` : ""));
  region.append(said);
  while (region.childElementCount > KEPT) region.firstElementChild!.remove();
}

/** Say what was printed, with what else comes in a moment. */
export function speakPrinted(printed: string): void {
  waiting += printed.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
  timer ||= window.setTimeout(() => speak(one("[data-terminal-log]")), PAUSE_MS);
}
