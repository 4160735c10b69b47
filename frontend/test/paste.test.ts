import assert from "node:assert/strict";
import { test } from "node:test";
import { commandsIn } from "../src/paste";

const only = (text: string): string => commandsIn(text).text;

test("a prompt with a host goes, whatever follows it", () => {
  assert.equal(only("[root@k8s-master01 2.2.8.1]# kubectl get deploy"), "kubectl get deploy");
  assert.equal(only("ada@moss:~/web$ ls -l"), "ls -l");
});

test("a bare prompt goes before what is plainly a command, and a comment stays", () => {
  assert.equal(only("$ kubectl get po"), "kubectl get po");
  assert.equal(only("# kubectl get pods -w -l app=nginx"), "kubectl get pods -w -l app=nginx");
  assert.equal(only("#kubectl delete po web-2"), "kubectl delete po web-2");
  assert.equal(only("# this only says something"), "# this only says something");
  assert.equal(only("kubectl get po\n#kubectl delete po web-2"), "kubectl get po\n#kubectl delete po web-2");
});

test("of a transcript, what was printed is left out and counted", () => {
  const pasted = "[root@m ~]# kubectl get rs\nNAME DESIRED CURRENT\nweb-1 3 3\n[root@m ~]# kubectl get po\nNo resources found.\n";
  assert.deepEqual(commandsIn(pasted), { text: "kubectl get rs\nkubectl get po\n", dropped: 3 });
});

test("here-documents and open quotes keep their lines", () => {
  const heredoc = "[root@m ~]# cat > a.yaml <<EOF\nkind: Pod\n# kubectl is only mentioned\nEOF\ncreated\n[root@m ~]# kubectl apply -f a.yaml";
  assert.deepEqual(commandsIn(heredoc), { text: "cat > a.yaml <<EOF\nkind: Pod\n# kubectl is only mentioned\nEOF\nkubectl apply -f a.yaml", dropped: 1 });
  assert.equal(only("$ echo 'one\ntwo'"), "echo 'one\ntwo'");
});

test("lines without any prompt stay as they are", () => {
  assert.deepEqual(commandsIn("kubectl get po\nNAME\nkubectl get rs"), { text: "kubectl get po\nNAME\nkubectl get rs", dropped: 0 });
});
