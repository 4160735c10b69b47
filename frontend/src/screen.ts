/* Drawing a prompt and a line being edited into xterm.js, over as many rows as they take. */
import type { Terminal } from "@xterm/xterm";
import { columnsOf, type LineEditor } from "./lineedit";

/** Where the cursor stands after `text`, from the first column of a terminal of `columns`. */
function walk(text: string, columns: number): { row: number; column: number } {
  let row = 0, column = 0;
  for (const character of text) {
    if (character === "\n") { row += 1; column = 0; continue; }
    const width = columnsOf(character);
    if (column + width > columns) { row += 1; column = 0; }
    column += width;
  }
  return column >= columns ? { row: row + 1, column: 0 } : { row, column };
}

const PLAIN = "$ ", MORE = "> ";
const paint = (prompt: string): string => `\x1b[32m${prompt}\x1b[0m`;

export class Screen {
  private row = 0; // the cursor's row, counted from the prompt's
  private drawn = false;
  private column = 0; // where the line begins: behind what a command asked with, when it reads one
  private open = ""; // what was printed since the last newline
  private lineOpen = false; // what was printed last did not end its line

  constructor(private readonly terminal: Terminal) {}

  /** Print what a command wrote. */
  print(text: string): void {
    if (!text) return;
    this.erase();
    this.terminal.write(text);
    this.lineOpen = !text.endsWith("\n") && !/\x1b\[[0-9;]*[HJ]$/.test(text);
    this.open = this.lineOpen ? (text.includes("\n") ? "" : this.open) + text.slice(text.lastIndexOf("\n") + 1) : "";
  }

  /** Take the prompt and its line off the screen, so that something can be printed in their place. */
  erase(): void {
    if (!this.drawn) return;
    this.terminal.write(`${this.row > 0 ? `\x1b[${this.row}A` : ""}\r${this.column ? `\x1b[${this.column}C` : ""}\x1b[J`);
    this.drawn = false;
    this.row = this.column = 0;
  }

  /** Draw a line that a command reads: without a prompt, behind what the command printed last. */
  drawReply(line: LineEditor): void {
    const columns = this.terminal.cols;
    this.erase();
    const { column } = walk(this.open.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, ""), columns);
    const pad = " ".repeat(column);
    const end = walk(pad + line.text, columns), cursor = walk(pad + line.text.slice(0, line.cursor), columns);
    this.terminal.write(`${line.text}${end.column === 0 && line.text ? "\r\n" : ""}${end.row > cursor.row ? `\x1b[${end.row - cursor.row}A` : ""}\r${cursor.column ? `\x1b[${cursor.column}C` : ""}`);
    this.row = cursor.row;
    this.column = column;
    this.drawn = true;
  }

  private promptOf(line: LineEditor): string {
    if (line.search) return `(reverse-i-search)'${line.search.query}': `;
    return line.above.length ? MORE : PLAIN;
  }

  /** Draw the prompt and the line, with the cursor where it belongs. */
  draw(line: LineEditor): void {
    const columns = this.terminal.cols;
    const prompt = this.promptOf(line);
    const text = line.search ? line.search.found : line.text;
    const end = walk(prompt + text, columns);
    const cursor = walk(prompt + (line.search ? text : text.slice(0, line.cursor)), columns);
    this.erase();
    let out = this.lineOpen ? "\r\n" : "";
    this.lineOpen = false;
    this.open = "";
    out += paint(prompt) + text;
    if (end.column === 0 && text) out += "\r\n"; // xterm.js wraps only with the next character
    if (end.row > cursor.row) out += `\x1b[${end.row - cursor.row}A`;
    out += `\r${cursor.column ? `\x1b[${cursor.column}C` : ""}`;
    this.terminal.write(out);
    this.row = cursor.row;
    this.drawn = true;
  }

  /** Leave the line as it stands and go on below it. */
  accept(lines: string[], mark = ""): void {
    this.erase();
    if (this.lineOpen) this.terminal.write("\r\n");
    this.lineOpen = false;
    this.open = "";
    this.terminal.write(lines.map((line, at) => paint(at ? MORE : PLAIN) + line).join("\r\n") + mark + "\r\n");
  }

  /** The terminal has another width now: the cursor's row is another one. */
  resized(line: LineEditor): void {
    if (this.drawn) this.row = walk(this.promptOf(line) + line.text.slice(0, line.cursor), this.terminal.cols).row;
  }

  reset(): void {
    this.terminal.reset();
    this.terminal.write("\x1b[?2004h"); // pastes come marked, so that they can be told from typing
    this.row = this.column = 0;
    this.open = "";
    this.drawn = this.lineOpen = false;
  }

  clear(): void {
    this.erase();
    this.terminal.write("\x1b[2J\x1b[3J\x1b[H");
  }
}
