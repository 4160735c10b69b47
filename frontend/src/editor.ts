/* The editor: the files of the sandbox's home directory in tabs, faults from the server as they are typed, apply.
 *
 * Files save themselves a moment after the last key. What a file says is the server's to judge: `check` asks. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Text } from "@codemirror/state";
import { drawSelection, dropCursor, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { h, hear, one, tell, text } from "./dom";
import type { Fault } from "./protocol";
import { considerRepair, prepareRepair } from "./repair";
import { prepareHome } from "./home";
import { mirror, on, send } from "./socket";
import { withAdoptedStyles } from "./styles";
import { say } from "./words";

const CHECK_MS = 250, SAVE_MS = 900;
const root = one("[data-island=editor]");
const holder = one("[data-editor]", root);
const tabs = one("[data-file-tabs]");
const status = one("[data-editor-status]", root);
const applyButton = one<HTMLButtonElement>("[data-apply]", root);
const newForm = one<HTMLFormElement>("[data-file-new]", root);

interface Document { path: string; state: EditorState; dirty: boolean; tab: HTMLButtonElement; timer: number; awaited: string } // awaited: by a command in that terminal
const documents = new Map<string, Document>();
let active: Document | null = null;
let checks = 0, checkTimer = 0;
const writable = new Compartment();
const editBar = one("[data-edit-bar]", root);

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--rev-1)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--rev-3)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--rev-2)" },
  { tag: [tags.comment, tags.meta], color: "var(--ink-soft)", fontStyle: "italic" },
  { tag: [tags.separator, tags.punctuation, tags.bracket], color: "var(--ink-soft)" },
]);
const look = EditorView.theme({
  "&": { height: "100%", fontSize: "13.5px", color: "var(--ink)", backgroundColor: "var(--terminal)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--accent)", paddingBlock: "10px" },
  ".cm-cursor": { borderLeft: "2px solid var(--accent)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { background: "var(--accent-soft) !important" },
  ".cm-gutters": { background: "var(--terminal)", color: "var(--ink-soft)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { background: "color-mix(in oklab, var(--sunken) 70%, transparent)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad) 1px", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warn) 1px", textUnderlineOffset: "3px" },
  ".cm-tooltip": { background: "var(--raised)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "9px", boxShadow: "var(--shadow)", overflow: "hidden", maxWidth: "34rem" },
  ".cm-diagnostic": { padding: "6px 12px", fontFamily: "var(--sans)", borderLeft: "4px solid var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-lint-marker": { width: "0.8em", height: "0.8em" },
  ".cm-panels": { background: "var(--surface)", color: "var(--ink)" },
  ".cm-placeholder": { color: "var(--ink-soft)" },
});

/** Who presses Tab to go on is told how; the key still indents. */
function tellWayOut(): boolean {
  text(status, say("editor.tab"));
  status.dataset.state = status.dataset.line = "";
  return false;
}

function extensions() {
  return [
    lineNumbers(), foldGutter(), lintGutter(), history(), drawSelection(), dropCursor(), indentOnInput(), bracketMatching(),
    highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(), indentUnit.of("  "), yaml(),
    syntaxHighlighting(colours), look, placeholder(say("editor.placeholder")),
    EditorView.contentAttributes.of({ "aria-label": say("editor.label"), tabindex: "0" }),
    writable.of(EditorState.readOnly.of(mirror.readOnly)),
    keymap.of([{ key: "Mod-Enter", run: () => { apply(); return true; } }, { key: "Mod-s", run: () => { save(); return true; } },
      { key: "Escape", run: (view) => { view.contentDOM.blur(); return true; } }, // the way out by keyboard: Tab indents
      ...defaultKeymap, ...historyKeymap, ...searchKeymap, ...foldKeymap, ...lintKeymap, { key: "Tab", run: tellWayOut }, indentWithTab]),
    EditorView.updateListener.of((update) => { if (update.docChanged) changed(); }),
  ];
}

const view = withAdoptedStyles(() => new EditorView({ parent: holder, state: EditorState.create({ extensions: extensions() }) }));

function changed(): void {
  if (!active || loading) return;
  active.dirty = true;
  active.tab.classList.add("is-dirty");
  clearTimeout(active.timer);
  if (active.awaited) return; // saved when its command is to have it, and not before
  const document = active;
  active.timer = window.setTimeout(() => saveDocument(document), SAVE_MS);
  askCheck();
}

let loading = false;

function askCheck(): void {
  clearTimeout(checkTimer);
  checkTimer = window.setTimeout(() => {
    if (!active) return;
    checks += 1;
    if (send("check", { id: checks, path: active.path, text: view.state.doc.toString() })) root.classList.add("is-checking");
  }, CHECK_MS);
}

function offset(doc: Text, line: number, column: number): number {
  const found = doc.line(Math.max(1, Math.min(doc.lines, line)));
  return Math.min(found.to, found.from + Math.max(0, column - 1));
}

function diagnostic(doc: Text, fault: Fault): Diagnostic {
  const from = offset(doc, fault.line, fault.column);
  const to = Math.max(from, offset(doc, fault.end_line || fault.line, fault.end_column || fault.column + 1));
  const severity = fault.severity === "warning" ? "warning" : fault.severity === "info" ? "info" : "error";
  return { from, to: to === from ? Math.min(doc.length, from + 1) : to, severity, message: fault.message };
}

on("faults", ({ id, faults }) => {
  if (id !== checks) return;
  root.classList.remove("is-checking");
  view.dispatch(setDiagnostics(view.state, faults.map((fault) => diagnostic(view.state.doc, fault))));
  const first = faults[0];
  const more = faults.length > 1 ? ` ${say("editor.more", { n: faults.length - 1 })}` : "";
  text(status, first ? say("editor.fault", { line: first.line, message: first.message }) + more : view.state.doc.toString().trim() ? say("editor.fine") : "");
  status.dataset.state = first ? "bad" : "good";
  status.dataset.line = first ? String(first.line) : "";
  considerRepair(view.state.doc.toString(), faults.length > 0);
});
prepareRepair({ text: () => view.state.doc.toString(), replace: (content) => { if (active) replace(active, content); }, focus: () => view.focus() });

function saveDocument(document: Document): void {
  if (mirror.readOnly || !document.dirty || document.awaited) return;
  const content = document === active ? view.state.doc.toString() : document.state.doc.toString();
  if (send("save", { path: document.path, text: content })) document.dirty = false;
  else { clearTimeout(document.timer); document.timer = window.setTimeout(() => saveDocument(document), 3 * SAVE_MS); }
}

function save(): void { if (active?.awaited) finishEdit(true); else if (active) saveDocument(active); }

/** Hand a file back to the command that waits for it: as it stands here, or as it was. */
function finishEdit(keep: boolean): void {
  if (!active?.awaited || mirror.readOnly) return;
  const { path, awaited: terminal } = active;
  if (keep && !send("save", { path, text: view.state.doc.toString() })) { text(status, say("terminal.offline")); status.dataset.state = "bad"; return; }
  if (!send("close_editor", { terminal, path })) return;
  active.awaited = "";
  active.dirty = false;
  showEditBar();
  tell("terminal", null);
}

function showEditBar(): void {
  editBar.hidden = !active?.awaited || mirror.readOnly;
  applyButton.hidden = !editBar.hidden;
}

function apply(): void {
  if (!active || mirror.readOnly) return;
  if (active.awaited) return finishEdit(true);
  const content = view.state.doc.toString();
  clearTimeout(active.timer);
  const terminal = document.querySelector<HTMLElement>("[data-terminal]:not([hidden])")?.dataset.terminal ?? "1";
  if (!send("apply", { path: active.path, text: content, terminal })) { text(status, say("terminal.offline")); status.dataset.state = "bad"; return; }
  active.dirty = false;
  active.tab.classList.remove("is-dirty");
  tell("dock", { group: "terminals" });
  tell("show", { panel: "terminal" });
}

function open(path: string, content?: string): Document {
  let document = documents.get(path);
  if (!document) {
    const tab = h("button", { type: "button", role: "tab", class: "tab", "aria-controls": "editor-panel", title: path }, path.startsWith("tmp/") ? path.slice(4) : path);
    tab.addEventListener("click", () => { activate(documents.get(path)!); view.focus(); });
    tabs.insertBefore(tab, tabs.querySelector("[data-file-plus]"));
    document = { path, tab, dirty: false, timer: 0, awaited: "", state: EditorState.create({ doc: content ?? "", extensions: extensions() }) };
    documents.set(path, document);
  } else if (content !== undefined && content !== textOf(document)) replace(document, content);
  return document;
}

const textOf = (document: Document): string => (document === active ? view.state : document.state).doc.toString();

function replace(document: Document, content: string): void {
  if (document === active) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: content } });
  else document.state = EditorState.create({ doc: content, extensions: extensions() });
}

function activate(document: Document, front = true): void {
  if (active && active !== document) active.state = view.state;
  if (active !== document) { active = document; view.setState(document.state); }
  for (const other of documents.values()) { other.tab.setAttribute("aria-selected", String(other === document)); other.tab.tabIndex = other === document ? 0 : -1; }
  root.classList.remove("is-empty");
  applyButton.disabled = mirror.readOnly;
  showEditBar();
  text(status, "");
  askCheck();
  if (front) tell("dock", { group: "files" });
}

function silently(work: () => void): void { loading = true; try { work(); } finally { loading = false; } }

on("history", ({ files }) => {
  const there = new Set(files.map(({ path }) => path)); // what an undo took away is closed; an empty file was never saved
  for (const document of [...documents.values()]) if (!there.has(document.path) && textOf(document)) forget(document.path);
  silently(() => { for (const { path, text: content } of files) if (!documents.get(path)?.dirty) open(path, content); });
  if (!documents.size && !mirror.readOnly) open("manifest.yaml", ""); // somewhere to paste into; it exists once something is in it
  const first = documents.values().next().value;
  if (!active && first) activate(first, false);
  else askCheck();
  view.dispatch({ effects: writable.reconfigure(EditorState.readOnly.of(mirror.readOnly)) });
  applyButton.disabled = mirror.readOnly || !active;
  for (const document of documents.values()) if (document.dirty) saveDocument(document);
});
on("file", ({ path, text: content }) => { if (!documents.get(path)?.dirty) silently(() => open(path, content)); if (!active) activate(documents.get(path)!, false); });
on("saved", ({ path }) => { const document = documents.get(path); if (document && !document.dirty) document.tab.classList.remove("is-dirty"); });

function forget(path: string): void {
  const document = documents.get(path);
  if (!document || (document.dirty && !document.awaited)) return;
  documents.delete(path);
  document.tab.remove();
  if (document !== active) return;
  active = null;
  const [other] = documents.values();
  activate(other ?? open("manifest.yaml", ""), false);
}

on("editor", ({ terminal, path, awaited }) => {
  if (mirror.readOnly) return;
  const document = open(path);
  document.awaited = awaited ? terminal : "";
  activate(document);
  tell("show", { panel: "editor" });
  view.focus();
});
on("file_deleted", ({ path }) => forget(path));

hear("open", ({ path, text: content, line }) => {
  const known = documents.has(path);
  const document = open(path, known ? undefined : "");
  activate(document);
  if (content !== undefined && content !== textOf(document)) replace(document, content); // as if typed: it saves itself, and can be undone
  tell("show", { panel: "editor" });
  if (line) view.dispatch({ selection: { anchor: offset(view.state.doc, line, 1) }, scrollIntoView: true });
  view.focus();
});

applyButton.addEventListener("click", apply);
one("[data-edit-save]", root).addEventListener("click", () => finishEdit(true));
one("[data-edit-cancel]", root).addEventListener("click", () => finishEdit(false));
prepareHome({ shown: () => (active ? { path: active.path, text: view.state.doc.toString() } : null), take: (path, content) => tell("open", { path, text: content }) }, root);
status.addEventListener("click", () => {
  if (!status.dataset.line) return;
  view.dispatch({ selection: { anchor: offset(view.state.doc, Number(status.dataset.line), 1) }, scrollIntoView: true });
  view.focus();
});
one("[data-file-plus]").addEventListener("click", () => {
  tell("dock", { group: "files" });
  newForm.hidden = false;
  one<HTMLInputElement>("input", newForm).focus();
});
newForm.addEventListener("submit", (event) => {
  event.preventDefault();
  const input = one<HTMLInputElement>("input", newForm);
  const name = input.value.trim();
  if (!name) return;
  newForm.hidden = true;
  input.value = "";
  activate(open(name));
  view.focus();
});
newForm.addEventListener("keydown", (event) => { if (event.key === "Escape") { newForm.hidden = true; one("[data-file-plus]").focus(); } });
addEventListener("pagehide", () => { for (const document of documents.values()) if (document.dirty) saveDocument(document); });
