import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsOf, LineEditor, unfinished } from "../src/lineedit";

const LEFT = "\x1b[D", UP = "\x1b[A", DOWN = "\x1b[B";

/** An editor into which all of these were typed. */
function typed(...keys: string[]): LineEditor {
  const line = new LineEditor();
  for (const key of keys) line.take(key);
  return line;
}

test("typing goes in at the cursor", () => {
  const line = typed(..."get pods", LEFT, LEFT, LEFT, LEFT, ..."my ");
  assert.equal(line.text, "get my pods");
  assert.equal(line.cursor, 7);
});

test("a character outside the basic plane is deleted whole", () => {
  assert.equal(typed("a", "🌱", "\x7f").text, "a");
});

test("Enter runs the line and remembers it", () => {
  const line = typed(..."kubectl version");
  assert.deepEqual(line.take("\r"), { do: "run", text: "kubectl version" });
  assert.equal(line.text, "");
  line.take(UP);
  assert.equal(line.text, "kubectl version");
});

test("the history gives back what was being typed", () => {
  const line = typed(..."one", "\r", ..."two", "\r", ..."thr", UP, UP);
  assert.equal(line.text, "one");
  line.take(DOWN);
  line.take(DOWN);
  assert.equal(line.text, "thr");
});

test("Ctrl-R finds the last line that contains the query, and again the one before it", () => {
  const line = typed(..."get pods", "\r", ..."get nodes", "\r", ..."version", "\r", "\x12", ..."get");
  assert.deepEqual(line.search, { query: "get", found: "get nodes" });
  line.take("\x12");
  assert.equal(line.search?.found, "get pods");
  assert.deepEqual(line.take("\r"), { do: "run", text: "get pods" });
});

test("what Ctrl-W and Ctrl-U cut, Ctrl-Y puts back", () => {
  const line = typed(..."delete pod web-0", "\x17");
  assert.equal(line.text, "delete pod ");
  line.take("\x19");
  assert.equal(line.text, "delete pod web-0");
});

test("a paste of several lines runs command by command, its last line too", () => {
  const line = new LineEditor();
  const pasted = "kubectl get pods\n\nfor i in 1 2; do\n  echo $i\ndone\nkubectl get nodes";
  assert.deepEqual(line.take(`\x1b[200~${pasted}\x1b[201~`), { do: "run", text: "kubectl get pods", rest: "\nfor i in 1 2; do\n  echo $i\ndone\nkubectl get nodes" });
  assert.deepEqual(line.take("\x1b[200~for i in 1 2; do\n  echo $i\ndone\nkubectl get nodes\n\x1b[201~"), { do: "run", text: "for i in 1 2; do\n  echo $i\ndone", rest: "kubectl get nodes" });
  assert.deepEqual(line.take("\x1b[200~kubectl get nodes\n\x1b[201~"), { do: "run", text: "kubectl get nodes" });
});

test("a paste of one line waits for Enter", () => {
  const line = new LineEditor();
  assert.deepEqual(line.take("\x1b[200~kubectl get pods\x1b[201~"), { do: "redraw" });
  assert.equal(line.text, "kubectl get pods");
});

test("a paste brings no control characters in", () => {
  assert.equal(typed("\x1b[200~ls\x1b[2J\x07\x1b[201~").text, "ls[2J");
});

test("an unfinished block asks for more lines, and runs whole", () => {
  const line = typed(..."for i in 1 2; do", "\r", ..."echo $i", "\r");
  assert.deepEqual(line.above, ["for i in 1 2; do", "echo $i"]);
  for (const key of "done") line.take(key);
  assert.deepEqual(line.take("\r"), { do: "run", text: "for i in 1 2; do\necho $i\ndone" });
});

for (const [text, open] of [
  ["echo 'it", true], ["echo \"a\\\"", true], ["kubectl get \\", true], ["echo a\\\\", false], ["cat <<EOF", true], ["cat <<EOF\na\nEOF", false],
  ["kubectl get pods |", true], ["kubectl get pods", false], ["echo don", false], ["while true", true], ["echo \"it's\"", false],
] as const) {
  test(`${JSON.stringify(text)} is ${open ? "un" : ""}finished`, () => { assert.equal(unfinished(text), open); });
}

test("Chinese takes two columns, a combining mark none", () => {
  assert.deepEqual(["a", "集", "。", "\u0301"].map(columnsOf), [1, 2, 2, 0]);
});
