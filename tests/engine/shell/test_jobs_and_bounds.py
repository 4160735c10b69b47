"""Jobs in the background, history, the editor, hints, and that no line goes on for ever."""

import pytest

from cluster_engine.shell.files import MemoryFiles
from cluster_engine.shell.session import Session
from tests.engine.support import Terminal


@pytest.fixture
def terminal():
    return Terminal()


def test_a_job_prints_while_the_terminal_is_free_and_kill_ends_it(terminal):
    first = terminal.type("kubectl get cm -w -o name &")
    terminal.cluster.run_for(1)
    assert (terminal.session.busy, terminal.session.jobs, terminal.codes[first]) == (False, 1, 0)
    terminal.run("kubectl create cm x --from-literal=a=b")
    terminal.cluster.run_for(0.1)
    assert terminal.printed(first) == "[1] 1001\nconfigmap/kube-root-ca.crt\nconfigmap/x\n"
    assert terminal.run("jobs").stdout == "[1]+  Running                 kubectl get cm -w -o name &\n"
    assert terminal.run("kill %1").code == 0
    terminal.cluster.run_for(0.1)
    assert terminal.session.jobs == 0


def test_a_job_that_ended_is_told_after_the_next_line(terminal):
    terminal.run("sleep 1 &")
    terminal.cluster.run_for(2)
    assert terminal.run("echo a").text == "a\n[1]+  Done                    sleep 1\n"


def test_fg_waits_for_a_job_and_control_c_ends_it(terminal):
    terminal.run("sleep 100 &")
    number = terminal.type("fg")
    terminal.cluster.run_for(1)
    terminal.session.interrupt()
    terminal.cluster.run_for(0.1)
    assert (terminal.codes[number], terminal.session.jobs) == (130, 0)


def test_too_many_jobs_are_refused(terminal):
    result = terminal.run("for i in {1..21}; do sleep 100 & done 2>&1 | tail -1")
    assert result.stdout == "bash: too many jobs: at most 20 run beside each other\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("while true; do :; done", "bash: one line may run 100,000 commands; it was stopped\n"),
        ("f() { f; }; f", "bash: functions call each other more than 40 deep; it was stopped\n"),
        ("echo {1..100000}", "bash: Argument list too long\n"),
        ("( " * 40 + "echo" + " )" * 40, "bash: commands in commands are nested more than 30 deep\n"),
        ("x=a; for i in {1..20}; do x=$x$x; done", "bash: x: a value has at most 131,072 characters\n"),
        (
            "awk 'BEGIN {while (1) i++}'",
            "awk: the program did more than 200,000 steps; it was stopped\n",
        ),
    ],
    ids=["loop", "recursion", "braces", "nesting", "value", "awk"],
)
def test_what_would_go_on_for_ever_is_stopped(terminal, line, message):
    assert terminal.run(line, 3600).stderr.splitlines(keepends=True)[0] == message


def test_control_c_ends_an_endless_loop_and_time_passes_in_it(terminal):
    number = terminal.type("while true; do kubectl get cm >/dev/null; done")
    terminal.cluster.run_for(1)
    assert terminal.session.busy
    terminal.session.interrupt()
    terminal.cluster.run_for(0.1)
    assert terminal.codes[number] == 130


def test_watch_repaints_until_control_c(terminal):
    number = terminal.type("watch -n 1 echo hi")
    terminal.cluster.run_for(2.5)
    terminal.session.interrupt()
    terminal.cluster.run_for(0.1)
    frames = terminal.printed(number).split("\x1b[H\x1b[2J\x1b[3J")[1:]
    assert [frame.splitlines()[0][:20] for frame in frames] == ["Every 1.0s: echo hi "] * 3
    assert terminal.codes[number] == 130


def test_earlier_lines_are_recalled_with_exclamation_marks(terminal):
    terminal.ok("echo one")
    assert terminal.run("!!").stdout == "echo one\none\n"
    assert terminal.run("!echo").stdout == "echo one\none\n"
    assert terminal.run("echo 'a!b' wow!").stdout == "a!b wow!\n"
    assert terminal.run("!nope").stderr == "bash: !nope: event not found\n"


def test_an_editor_command_opens_the_pane(terminal):
    opened = []
    codes = {}
    files = MemoryFiles()
    session = Session(
        terminal.cluster,
        name="editing",
        files=files,
        on_output=lambda *_: None,
        on_exit=codes.__setitem__,
        on_open_editor=lambda path, awaited: opened.append((path, awaited)),
    )
    session.type_line("mkdir d; cd d; vi a.yaml")
    terminal.cluster.run_for(1)
    assert (opened, files.read("d/a.yaml"), codes) == ([("d/a.yaml", False)], "", {1: 0})
    assert session.directory == "~/d"


def test_a_mistyped_command_is_followed_by_a_hint(terminal):
    number = terminal.type("kubctl get po")
    terminal.cluster.run_for(1)
    assert terminal.output[number] == [
        ("stderr", "bash: kubctl: command not found\n"),
        ("hint", 'Did you mean "kubectl"?\n'),
    ]



def test_directories_are_kept_as_files_and_kubectl_reads_them_from_where_it_stands(terminal):
    terminal.files.write("web/cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n")
    assert terminal.ok("cd web; ls; kubectl apply -f cm.yaml; cd ..; kubectl delete -f web/") == (
        'cm.yaml\nconfigmap/x created\nconfigmap "x" deleted\n'
    )
