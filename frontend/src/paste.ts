/* What is pasted into a terminal, made fit to run: prompts that were copied along go, and so does what commands printed. */
import { unfinished } from "./lineedit";

const FULL = /^\s*(?:\[[^\]\n]{1,80}@[^\]\n]{1,80}\]|[\w.-]{1,40}@[\w.-]{1,60}:[^\s#$]{0,80})\s?[#$]\s*/;
// A lone `#` may well begin a comment: it counts only before what is plainly a command.
const SHORT = /^\s*[#$%]\s+(?=(?:kubectl|k|for|while|until|if|export|alias|cat|ls|cd|cp|mv|rm|mkdir|echo|printf|curl|nslookup|vi|vim|nano|edit|watch|grep|head|tail|sleep|history)\b)/;
const BARE = /^\s*#(?=kubectl\s)/;
const HERE = /<<-?\s*(['"]?)([A-Za-z_]\w*)\1/;

/** The commands in a pasted text, and how many lines of output were left out. */
export function commandsIn(pasted: string): { text: string; dropped: number } {
  const lines = pasted.split("\n");
  if (lines.filter((line) => line.trim()).length === 1) return { text: lines.map((line) => line.replace(FULL, "").replace(SHORT, "").replace(BARE, "")).join("\n"), dropped: 0 };
  // Whoever copied a prompt with a host in it copied from a terminal: what stands between the prompts was printed.
  const transcript = FULL.test(lines.find((line) => line.trim()) ?? "");
  const kept: string[] = [];
  let open = "", dropped = 0;
  for (const line of lines) {
    const bare = open ? line : line.replace(FULL, "").replace(SHORT, "");
    if (transcript && !open && bare === line && line.trim()) { dropped += 1; continue; }
    kept.push(bare);
    open = open || HERE.test(bare) ? `${open}${bare}\n` : bare;
    if (!unfinished(open.replace(/\n$/, ""))) open = "";
  }
  return { text: kept.join("\n"), dropped };
}
