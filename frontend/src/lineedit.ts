/* Editing of one line, as people know it from bash: pure state, no terminal. terminal.ts draws what it holds. */

export type Action =
  | { do: "redraw" } | { do: "run"; text: string; rest?: string } | { do: "complete" } | { do: "interrupt" } | { do: "clear" } | { do: "none" };

const NONE: Action = { do: "none" }, REDRAW: Action = { do: "redraw" };
const PASTE_START = "\x1b[200~", PASTE_END = "\x1b[201~";
const MOST_HISTORY = 500;

/** Whether a shell would ask for more lines: an open quote, a trailing backslash, a here-document or an open block. */
export function unfinished(text: string): boolean {
  const heredoc = /<<-?\s*(['"]?)(\w+)\1/.exec(text);
  if (heredoc) return !text.slice(heredoc.index).split("\n").slice(1).some((line) => line.trim() === heredoc[2]);
  let quote = "";
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i]!;
    if (c === "\\" && quote !== "'") i += 1;
    else if (quote) { if (c === quote) quote = ""; }
    else if (c === "'" || c === '"') quote = c;
  }
  if (quote || /(^|[^\\])(\\\\)*\\$/.test(text)) return true;
  const words = text.split(/[\s;]+/);
  const count = (word: string): number => words.filter((other) => other === word).length;
  if (count("if") > count("fi") && /(^|[;&|\n]\s*|\b(do|then|else)\s+)if\s/.test(text)) return true;
  if (count("case") > count("esac") && /(^|[;&|\n]\s*|\b(do|then|else)\s+)case\s/.test(text)) return true;
  if (count("{") > count("}")) return true;
  return count("do") > count("done") || (/^\s*(for|while|until)\b/.test(text) && count("do") === 0) || /(\||&&)\s*$/.test(text);
}

/** How many columns a character takes. */
export function columnsOf(character: string): number {
  const code = character.codePointAt(0)!;
  if (code < 0x300) return 1;
  if ((code >= 0x300 && code <= 0x36f) || code === 0x200b || code === 0xfe0f) return 0;
  return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) || code >= 0x1f300 ? 2 : 1;
}

export class LineEditor {
  text = "";
  cursor = 0;
  /** Lines of an unfinished command that were entered before this one. */
  above: string[] = [];
  search: { query: string; found: string } | null = null;
  /** Makes a pasted text fit; by itself it stays as it is. */
  fit: (pasted: string) => string = (pasted) => pasted;
  private history: string[] = [];
  private at: number | null = null;
  private draft = "";
  private killed = "";

  /** Keep a line in the history, as the server told it or as it was typed. */
  remember(line: string): void {
    if (line.trim() && this.history.at(-1) !== line) this.history.push(line);
    if (this.history.length > MOST_HISTORY) this.history.shift();
  }

  forget(): void { this.history = []; this.at = null; }

  replace(start: number, end: number, by: string): void {
    this.text = this.text.slice(0, start) + by + this.text.slice(end);
    this.cursor = start + by.length;
  }

  reset(): void { this.text = ""; this.cursor = 0; this.above = []; this.at = null; this.search = null; }

  /** Take what xterm.js gave for one key or one paste, and say what is to be done. */
  take(data: string): Action {
    if (data.startsWith(PASTE_START)) return this.paste(data.slice(PASTE_START.length).replace(PASTE_END, ""));
    if (data.length > 1 && !data.startsWith("\x1b") && /[\r\n]/.test(data)) return this.paste(data);
    if (this.search) return this.searching(data, this.search);
    const key = this.keys[data];
    if (key) return key();
    if (data.startsWith("\x1b") || /^[\x00-\x1f]/.test(data)) return NONE;
    this.replace(this.cursor, this.cursor, data);
    return REDRAW;
  }

  private paste(raw: string): Action {
    const pasted = this.fit(raw.replace(/\r\n?/g, "\n").replace(/[\x00-\x08\x0b-\x1f\x7f]/g, "").replace(/\t/g, "    "));
    this.replace(this.cursor, this.cursor, pasted);
    if (!pasted.includes("\n")) return REDRAW;
    // As in bash, each command of a paste runs by itself, the last line's too; the rest waits until it has ended.
    const lines = this.text.replace(/\n+$/, "").split("\n");
    for (let n = 1; n < lines.length; n += 1) {
      const first = lines.slice(0, n).join("\n");
      if (!first.trim() || unfinished([...this.above, first].join("\n"))) continue;
      this.text = first;
      const action = this.enter();
      return action.do === "run" ? { ...action, rest: lines.slice(n).join("\n") } : action;
    }
    this.text = lines.join("\n");
    return this.enter();
  }

  private enter(): Action {
    const text = [...this.above, this.text].join("\n");
    if (unfinished(text)) {
      this.above.push(this.text);
      this.text = "";
      this.cursor = 0;
      return { do: "redraw" };
    }
    this.remember(text);
    this.reset();
    return { do: "run", text };
  }

  private move(to: number): Action { this.cursor = Math.max(0, Math.min(this.text.length, to)); return REDRAW; }

  private step(by: -1 | 1): number {
    const from = by < 0 ? [...this.text.slice(0, this.cursor)].at(-1) : [...this.text.slice(this.cursor)][0];
    return this.cursor + by * (from?.length ?? 0);
  }

  private word(by: -1 | 1): number {
    if (by > 0) return this.cursor + /^\W*\w*/.exec(this.text.slice(this.cursor))![0].length;
    return this.cursor - /\w*\W*$/.exec(this.text.slice(0, this.cursor))![0].length;
  }

  private kill(start: number, end: number): Action {
    this.killed = this.text.slice(start, end);
    this.replace(start, end, "");
    return REDRAW;
  }

  private recall(by: -1 | 1): Action {
    if (this.at === null) {
      if (by > 0 || !this.history.length) return NONE;
      this.draft = this.text;
      this.at = this.history.length;
    }
    this.at = Math.max(0, this.at + by);
    const line = this.history[this.at];
    if (line === undefined) this.at = null;
    this.text = line ?? this.draft;
    return this.move(this.text.length);
  }

  private find(query: string, before: number): string {
    for (let i = Math.min(before, this.history.length) - 1; i >= 0; i -= 1) if (this.history[i]!.includes(query)) { this.at = i; return this.history[i]!; }
    return "";
  }

  private searching(data: string, search: { query: string; found: string }): Action {
    if (data === "\x12") search.found = this.find(search.query, this.at ?? 0) || search.found;
    else if (data === "\x7f") { search.query = search.query.slice(0, -1); search.found = this.find(search.query, this.history.length); }
    else if (!/^[\x00-\x1f\x7f]/.test(data)) { search.query += data; search.found = this.find(search.query, this.history.length); }
    else {
      this.search = null;
      if (data === "\x03" || data === "\x07") return REDRAW;
      this.text = search.found || this.text;
      this.move(this.text.length);
      return data === "\r" ? this.enter() : REDRAW;
    }
    return REDRAW;
  }

  private readonly keys: Record<string, () => Action> = {
    "\r": () => this.enter(),
    "\n": () => this.enter(),
    "\t": () => ({ do: "complete" }),
    "\x03": () => { this.reset(); return { do: "interrupt" }; },
    "\x0c": () => ({ do: "clear" }),
    "\x12": () => { this.search = { query: "", found: "" }; this.at = null; return REDRAW; },
    "\x7f": () => { const start = this.step(-1); this.replace(start, this.cursor, ""); return REDRAW; },
    "\x1b[3~": () => { const at = this.cursor; this.replace(at, this.step(1), ""); this.cursor = at; return REDRAW; },
    "\x04": () => { const at = this.cursor; this.replace(at, this.step(1), ""); this.cursor = at; return REDRAW; },
    "\x1b[D": () => this.move(this.step(-1)), "\x02": () => this.move(this.step(-1)),
    "\x1b[C": () => this.move(this.step(1)), "\x06": () => this.move(this.step(1)),
    "\x1b[A": () => this.recall(-1), "\x10": () => this.recall(-1),
    "\x1b[B": () => this.recall(1), "\x0e": () => this.recall(1),
    "\x1b[H": () => this.move(0), "\x01": () => this.move(0),
    "\x1b[F": () => this.move(this.text.length), "\x05": () => this.move(this.text.length),
    "\x1b[1;5D": () => this.move(this.word(-1)), "\x1bb": () => this.move(this.word(-1)),
    "\x1b[1;5C": () => this.move(this.word(1)), "\x1bf": () => this.move(this.word(1)),
    "\x0b": () => this.kill(this.cursor, this.text.length),
    "\x15": () => this.kill(0, this.cursor),
    "\x17": () => this.kill(this.cursor - /\S*\s*$/.exec(this.text.slice(0, this.cursor))![0].length, this.cursor),
    "\x1b\x7f": () => this.kill(this.word(-1), this.cursor),
    "\x1bd": () => { const at = this.cursor; this.kill(at, this.word(1)); return this.move(at); },
    "\x19": () => { this.replace(this.cursor, this.cursor, this.killed); return REDRAW; },
  };
}
