"""The document's commands, typed in its order with its prompts, print what it shows."""

import re
from pathlib import Path

import yaml

from cluster_engine.shell import transcript
from cluster_engine.shell.files import MemoryFiles

DOCUMENT = yaml.safe_load((Path(__file__).parent / "data" / "document.yaml").read_text(encoding="utf-8"))
_SAFE = "bcdfghjklmnpqrstvwxz2456789"
_RULES = [
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "<time>"),
    (re.compile(rf"(?<=nginx-deployment)-[{_SAFE}]{{6,10}}(-[{_SAFE}]{{5}})?\b"), "-<hash>"),
    (re.compile(rf"(?<=web)-[{_SAFE}]{{6,10}}\b"), "-<hash>"),
    (re.compile(rf"pod-template-hash=[{_SAFE}]{{6,10}}"), "pod-template-hash=<hash>"),
    (re.compile(r"(?<![\w.:=-])(\d+d)?(\d+h)?(\d+m)?(\d+s)?(?<=[dhms])(?!\w)"), "<age>"),
    (re.compile(r"\s+"), " "),
]


def normal(text):
    """The lines without what differs from run to run: names, hashes, ages, times, widths of columns."""
    lines = []
    for line in text.strip().splitlines():
        for pattern, replacement in _RULES:
            line = pattern.sub(replacement, line)
        lines.append(line.strip())
    return lines


def form(lines):
    return {re.sub(r"canary:v\d|nginx:1\.9\.1", "<image>", re.sub(r"\b\d+\b", "#", line)) for line in lines}


def difference(step, printed):
    want, got = normal(step["prints"]), normal(printed)
    match step.get("compare"):
        case None if "get rs" in step["run"]:  # in the order of their hashes
            return None if sorted(got) == sorted(want) else (want, got)
        case None:
            return None if got == want else (want, got)
        case "last":
            shown = form(want)
            return None if got[-1] == want[-1] and form(got) <= shown else (want, got)
        case "form":
            return None if form(want) <= form(got) else (want, got)
    raise AssertionError(step)


def test_every_transcript_of_the_document_comes_out_as_printed_there():
    cluster = transcript.fresh_cluster()
    files = MemoryFiles(DOCUMENT["files"])
    terminal = transcript.Typist(cluster, files, look="document")
    watcher = transcript.Typist(cluster, files, "beside", look="document")
    differences = {}
    for step in DOCUMENT["steps"]:
        if step.get("settle"):
            transcript.settle(cluster)
        if "start" in step:
            watcher.start(step["start"])
            continue
        if "stop" in step:
            # The course repeats a line when only what is not shown has changed.
            lines = list(dict.fromkeys(normal(watcher.stop())))
            expected = list(dict.fromkeys(normal(step["prints"])))
            if lines[:-1] != expected[:-1] and not set(expected) <= set(lines):
                differences["watch"] = (expected, lines)
            continue
        result = terminal.run(step["run"])
        text = "\n".join(part for part in (result["stdout"], result["stderr"]) if part)
        found = difference(step, text)
        if found:
            differences[step["run"]] = found
    assert differences == {}, "\n".join(f"{run}\n  {want}\n  {got}" for run, (want, got) in differences.items())
    assert list(cluster.trace.faults) == []


def test_the_current_look_speaks_as_kubectl_does_today():
    cluster = transcript.fresh_cluster()
    terminal = transcript.Typist(cluster, MemoryFiles(DOCUMENT["files"]))
    terminal.run("kubectl create -f dc-nginx.yaml")
    transcript.settle(cluster)
    assert terminal.run("kubectl get deploy")["stdout"].split()[:5] == [
        "NAME",
        "READY",
        "UP-TO-DATE",
        "AVAILABLE",
        "AGE",
    ]
    changed = terminal.run("kubectl set image deployment nginx-deployment nginx=nginx:1.9.1 --record")
    assert changed["stdout"] == "deployment.apps/nginx-deployment image updated"
    assert changed["stderr"] == "Flag --record has been deprecated, --record will be removed in the future"
    undone = terminal.run("kubectl rollout undo deployment/nginx-deployment")
    assert undone["stdout"] == "deployment.apps/nginx-deployment rolled back"
    assert terminal.run("kubectl get sts")["stderr"] == "No resources found in default namespace."


def test_a_session_can_switch_its_look():
    cluster = transcript.fresh_cluster()
    terminal = transcript.Typist(cluster, MemoryFiles())
    assert terminal.run("kubectl get po")["stderr"] == "No resources found in default namespace."
    terminal.session.look = "document"
    assert terminal.run("kubectl get po")["stderr"] == "No resources found."


def test_the_document_look_leaves_structured_output_alone():
    cluster = transcript.fresh_cluster()
    terminal = transcript.Typist(cluster, MemoryFiles(DOCUMENT["files"]), look="document")
    terminal.run("kubectl create -f dc-nginx.yaml")
    assert terminal.run("kubectl get deploy -o name")["stdout"] == "deployment.apps/nginx-deployment"
    assert terminal.run("kubectl scale deploy nginx-deployment --replicas=1 -o name")["stdout"] == (
        "deployment.apps/nginx-deployment"
    )
