/* One terminal: xterm.js for the screen, lineedit.ts for the line, the server for everything that a command does.
 *
 * While a command runs, what is typed goes where its input mode says: nowhere yet (it is kept for the next line), into a
 * line that is sent as a whole, or key by key into a container, whose own terminal echoes it. */
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { h } from "./dom";
import { LineEditor } from "./lineedit";
import { commandsIn } from "./paste";
import type { InputMode, PastCommand, Stream } from "./protocol";
import { Screen } from "./screen";
import { mirror, send } from "./socket";
import { speakPrinted } from "./speak";
import { colour, withAdoptedStyles } from "./styles";
import { say } from "./words";

const PASTED = /\x1b\[20[01]~/g;
let completions = 0;

/** What somebody sees of a hint: softer than what commands print, and marked. */
const dress = (stream: Stream, text: string): string => (stream === "hint" ? text.replace(/^(.+)$/gm, "\x1b[90;3m↳ $1\x1b[0m") : text);

function theme(): Record<string, string> {
  const background = colour("--terminal"), foreground = colour("--ink"), soft = colour("--ink-soft");
  const named = { red: "--bad", green: "--accent", yellow: "--warn", blue: "--rev-1", magenta: "--rev-4", cyan: "--rev-3" };
  const ansi = Object.entries(named).flatMap(([name, token]) => [[name, colour(token)], [`bright${name[0]!.toUpperCase()}${name.slice(1)}`, colour(token)]]);
  return { background, foreground, cursor: colour("--accent"), cursorAccent: background, selectionBackground: colour("--accent-soft"), selectionForeground: foreground,
    ...Object.fromEntries(ansi), black: foreground, brightBlack: soft, white: soft, brightWhite: foreground };
}

export class Shell {
  readonly line = new LineEditor();
  readonly tab: HTMLButtonElement;
  readonly panel: HTMLElement;
  mode: InputMode = "none";
  private readonly terminal: Terminal;
  private readonly reply = new LineEditor(); // what is typed into a command that reads lines
  private readonly fitter = new FitAddon();
  private readonly screen: Screen;
  private readonly running = new Set<number>();
  private sent: string[] = [];   // lines that the server has not said it started
  private spoken = false;
  private leaving = false;       // Escape was pressed: Tab goes on to what comes next, and completes nothing
  private ahead = "";            // typed while a command ran
  private asked: { id: number; line: string; cursor: number; again: boolean } | null = null;
  private offered = "";
  private waiting: (() => void)[] | null = []; // what came before the panel was ever seen, and so had no width

  constructor(readonly name: string, holder: HTMLElement, private readonly changed: (shell: Shell) => void, spoken: boolean) {
    this.panel = h("div", { class: "terminal", role: "tabpanel", id: `terminal-${name}`, "aria-label": say("terminal.title", { n: name }), "data-terminal": name });
    this.tab = h("button", { type: "button", role: "tab", class: "tab", "aria-controls": this.panel.id }, say("terminal.title", { n: name }));
    this.terminal = new Terminal({
      convertEol: true, cursorBlink: false, cursorStyle: "bar", cursorWidth: 2, cursorInactiveStyle: "outline",
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"), fontSize: innerWidth < 500 ? 12 : 13.5, lineHeight: 1.3,
      scrollback: 5000, screenReaderMode: spoken, theme: theme(), minimumContrastRatio: 4.5,
    });
    this.screen = new Screen(this.terminal);
    this.terminal.loadAddon(this.fitter);
    holder.append(this.panel);
    withAdoptedStyles(() => this.terminal.open(this.panel));
    this.panel.querySelector("textarea")?.setAttribute("aria-label", say("terminal.label"));
    this.terminal.attachCustomKeyEventHandler((event) => this.mayTake(event));
    this.terminal.onData((data) => this.typed(data));
    this.terminal.onResize(() => { this.screen.resized(this.line); this.tellSize(); });
    this.line.fit = (pasted) => {
      const { text, dropped } = commandsIn(pasted);
      if (dropped) this.screen.print(dress("hint", `${say("terminal.dropped", { n: dropped })}\n`));
      return text;
    };
    new ResizeObserver(() => this.fit()).observe(this.panel);
    this.screen.reset();
    this.speakable(spoken);
  }

  get busy(): boolean { return this.running.size > 0 || this.sent.length > 0; }

  fit(): void {
    if (this.panel.offsetWidth <= 40 || this.panel.offsetHeight <= 20) return;
    this.fitter.fit();
    const waiting = this.waiting;
    this.waiting = null;
    for (const work of waiting ?? []) work();
  }

  /** Do something to the screen once it has its width: what is written before would have to be wrapped anew. */
  onceFitted(work: () => void): void {
    if (this.waiting) this.waiting.push(work);
    else work();
  }

  focus(): void { this.terminal.focus(); }
  paint(): void { this.terminal.options.theme = theme(); }
  speakable(on: boolean): void {
    this.terminal.options.screenReaderMode = on;
    // What is printed is said by speak.ts; xterm.js would break into every sentence, and repeat the line that is typed.
    this.panel.querySelector(".live-region")?.setAttribute("aria-live", "off");
    this.spoken = on;
  }

  private tellSize(): void {
    if (this.mode === "keys" && !mirror.readOnly) send("resize", { terminal: this.name, columns: this.terminal.cols, rows: this.terminal.rows });
  }

  /** The command that runs reads something else now. */
  reads(mode: InputMode): void {
    if (this.mode === mode) return;
    this.screen.erase();
    this.mode = mode;
    this.reply.reset();
    if (mode === "keys") this.tellSize();
    if (mode !== "none") this.typeAhead();
    if (mode === "line" && !mirror.readOnly) this.screen.drawReply(this.reply);
    this.changed(this);
  }

  private typeAhead(): void {
    const ahead = this.ahead;
    this.ahead = "";
    for (const part of ahead.match(/\x1b\[200~[^]*?\x1b\[201~|\x1b\[?[0-9;]*[A-Za-z~]|[^]/gu) ?? []) this.typed(part);
  }

  /** Keys for the command that reads. */
  private typedInto(data: string): void {
    if (this.mode === "keys") { send("input", { terminal: this.name, text: data.replace(PASTED, "") }); return; }
    if (data === "\x03") { this.reply.reset(); this.interrupt(); return; }
    if (data === "\x04" && !this.reply.text) { send("input", { terminal: this.name, text: "" }); return; }
    if (data === "\t") return;
    const lines = data.replace(PASTED, "").replace(/\r\n?/g, "\n").split("\n");
    if (lines.length > 1) {
      // Everything up to the last newline is sent; the server shows it.
      const text = this.reply.text + lines.slice(0, -1).join("\n");
      this.screen.erase();
      this.reply.reset();
      send("input", { terminal: this.name, text: `${text}\n` });
      if (lines.at(-1)) this.reply.take(lines.at(-1)!);
    } else this.reply.take(data);
    this.screen.drawReply(this.reply);
  }

  /** Ctrl-C, as the terminal's own: also for a command whose container takes the keys. */
  interrupt(): void { this.ahead = ""; this.screen.print("^C"); send("interrupt", { terminal: this.name }); }

  private mayTake(event: KeyboardEvent): boolean {
    const ctrl = event.ctrlKey || event.metaKey;
    if (ctrl && event.key === "c" && this.terminal.hasSelection()) return false; // the browser copies
    if (ctrl && event.key === "v") return false;                                // the browser pastes
    if (event.key === "Tab" && (event.shiftKey || ctrl || this.leaving)) return false; // the ways out by keyboard
    if (event.type === "keydown" && event.key !== "Shift") this.leaving = event.key === "Escape" && this.mode !== "keys";
    return true;
  }

  /** Take keys and pastes, from the keyboard or from a button. */
  typed(data: string): void {
    if (mirror.readOnly) return;
    if (this.busy) {
      if (this.mode !== "none") this.typedInto(data);
      else if (data === "\x03") this.interrupt();
      else this.ahead += data;
      return;
    }
    if (data === "\x03") this.screen.accept([...this.line.above, this.line.text], "^C");
    const above = this.line.above.length;
    const action = this.line.take(data);
    if (action.do === "run") {
      this.run(action.text);
      // A newline at the end, so that the last line runs too.
      if (action.rest && this.busy) this.ahead = `\x1b[200~${action.rest}\n\x1b[201~${this.ahead}`;
    }
    else if (action.do === "complete") this.complete();
    else if (action.do === "clear") this.screen.clear();
    else if (this.line.above.length > above) this.continued(above);
    if (action.do !== "none" && action.do !== "complete" && !this.busy) this.screen.draw(this.line);
    if (action.do !== "complete") this.offered = "";
  }

  private continued(above: number): void {
    this.screen.erase();
    if (above === 0) this.screen.accept(this.line.above.slice(0, 1));
    else this.screen.print(`\x1b[32m> \x1b[0m${this.line.above.at(-1)!}\n`);
  }

  run(text: string): void {
    this.screen.accept(text.split("\n"));
    if (!text.trim()) return;
    if (send("command", { terminal: this.name, line: text })) this.sent.push(text);
    else {
      this.screen.print(`${say("terminal.offline")}\n`);
      this.line.text = text.includes("\n") ? "" : text;
      this.line.cursor = this.line.text.length;
    }
  }

  /** Put text into the line, and run it when asked to. */
  put(text: string, run: boolean): void {
    if (mirror.readOnly) return;
    this.fit();
    if (!this.busy) this.line.reset();
    else if (this.mode !== "none") return; // a lesson's command is not for what runs in a container
    this.typed(text.includes("\n") && run ? `\x1b[200~${text}\x1b[201~` : run ? text : text.replace(/\s*\n\s*/g, " "));
    if (run && !text.includes("\n")) this.typed("\r");
    this.focus();
  }

  private complete(): void {
    completions += 1;
    const { text, cursor } = this.line;
    this.asked = { id: completions, line: text, cursor, again: this.offered === text };
    send("complete", { terminal: this.name, line: text, cursor, id: completions });
  }

  completed(id: number, start: number, candidates: string[]): void {
    const asked = this.asked;
    if (asked?.id !== id || asked.line !== this.line.text || this.busy || !candidates.length) return;
    this.asked = null;
    let common = candidates[0]!;
    for (const other of candidates) while (!other.startsWith(common)) common = common.slice(0, -1);
    const whole = candidates.length === 1 && !/[/=:]$/.test(common);
    const typed = this.line.text.slice(start, asked.cursor);
    if (common.length > typed.length || whole) this.line.replace(start, asked.cursor, common + (whole ? " " : ""));
    else if (asked.again) this.offer(candidates);
    this.offered = this.line.text;
    this.screen.draw(this.line);
  }

  private offer(candidates: string[]): void {
    const shown = candidates.slice(0, 120);
    const width = Math.max(...shown.map((word) => word.length)) + 2;
    const columns = Math.max(1, Math.floor(this.terminal.cols / width));
    this.screen.accept([this.line.text]);
    for (let i = 0; i < shown.length; i += columns) this.screen.print(`${shown.slice(i, i + columns).map((word) => word.padEnd(width)).join("").trimEnd()}\n`);
    if (candidates.length > shown.length) this.screen.print(`… ${candidates.length - shown.length}\n`);
  }

  started(command: number, line: string): void {
    const mine = this.sent.indexOf(line);
    if (mine >= 0) this.sent.splice(mine, 1);
    else { this.screen.accept(line.split("\n")); this.line.remember(line); }
    this.running.add(command);
    this.tab.classList.add("is-running");
    this.changed(this);
  }

  output(stream: Stream, text: string): void {
    if (this.spoken) speakPrinted(text);
    this.screen.print(dress(stream, text));
    if (!this.busy) this.screen.draw(this.line);
    else if (this.mode === "line" && !mirror.readOnly) this.screen.drawReply(this.reply);
  }

  exited(command: number): void {
    this.running.delete(command);
    if (this.busy) return;
    this.tab.classList.remove("is-running");
    this.mode = "none";
    this.prompt();
    this.typeAhead();
    this.changed(this);
  }

  prompt(): void { if (!mirror.readOnly && !this.busy) this.screen.draw(this.line); }

  /** Show all that was typed and printed so far, as the server wrote it down. */
  replay(commands: PastCommand[]): void {
    this.screen.reset();
    this.line.forget();
    this.running.clear();
    this.sent = [];
    this.mode = "none";
    for (const { number, line, output, exit_code: code } of commands) {
      this.screen.accept(line.split("\n"));
      this.line.remember(line);
      for (const [stream, text] of output) this.screen.print(dress(stream, text));
      if (code === null) this.running.add(number);
    }
    this.tab.classList.toggle("is-running", this.running.size > 0);
    if (!commands.length && !mirror.readOnly) this.screen.print(`\x1b[90m${say("terminal.welcome")}\x1b[0m\n`);
    this.prompt();
  }
}
