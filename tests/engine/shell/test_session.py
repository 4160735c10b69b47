"""A session: turns, waiting, Ctrl-C, bounds, and faults of our own."""

import pytest

from cluster_engine.shell.builtins.registry import BUILTINS
from tests.engine.support import Terminal


@pytest.fixture
def terminal():
    return Terminal()


def test_lines_are_run_one_after_the_other(terminal):
    first, second = terminal.type("sleep 5; echo a"), terminal.type("echo b")
    assert (first, second) == (1, 2)
    terminal.cluster.run_for(1)
    assert (terminal.printed(second), terminal.session.busy) == ("", True)
    terminal.cluster.run_for(10)
    assert (terminal.printed(first), terminal.printed(second), terminal.codes) == ("a\n", "b\n", {1: 0, 2: 0})


def test_control_c_ends_what_runs_and_forgets_what_was_typed_ahead(terminal):
    terminal.type("kubectl get po -w")
    terminal.type("echo never")
    terminal.cluster.run_for(1)
    terminal.session.interrupt()
    terminal.cluster.run_for(1)
    assert (terminal.codes, terminal.session.busy) == ({1: 1, 2: 130}, False)
    assert terminal.ok("echo $?") == "1\n"


def test_control_c_without_a_command_changes_nothing(terminal):
    terminal.session.interrupt()
    assert terminal.ok("echo a") == "a\n"


def test_an_interrupted_watch_is_ended_at_the_server(terminal):
    terminal.type("kubectl get po -w")
    terminal.cluster.run_for(1)
    terminal.session.interrupt()
    terminal.cluster.run_for(1)
    terminal.ok("kubectl run a --image=nginx")
    assert terminal.printed(1) == ""


def test_a_command_is_a_step_caused_by_the_input(terminal):
    number = terminal.type("kubectl create cm x --from-literal=a=b")
    terminal.cluster.run_for(1)
    steps = [step for step in terminal.cluster.trace.steps if step.component == "terminal-test"]
    assert [(step.subject, step.cause.kind, step.cause.ref) for step in steps] == [
        ("kubectl create cm x --from-literal=a=b", "input", f"command {number}")
    ]
    assert [key for _, _, key in steps[0].writes] == ["/registry/configmaps/default/x"]


def test_output_is_bounded_and_says_so(terminal):
    terminal.files.write("big", "x" * 1_000_000)
    result = terminal.run("cat big big")
    assert len(result.stdout) == 1_048_576
    assert result.stderr == "\nbash: more than 1,048,576 characters were printed; the rest is left out\n"


def test_a_fault_of_ours_is_told_and_the_session_goes_on(terminal, monkeypatch):
    def broken(env, args, streams):
        streams.out.line("before")
        raise KeyError("oops")
        yield

    monkeypatch.setitem(BUILTINS, "broken", broken)
    result = terminal.run("broken thing")
    assert (result.stdout, result.code) == ("before\n", 1)
    assert result.stderr == "error: internal error in broken thing: KeyError; it has been recorded\n"
    assert [note for step in terminal.cluster.trace.steps for note in step.notes if "internal" in note] == [
        "internal error: KeyError: 'oops'"
    ]
    assert terminal.ok("echo a") == "a\n"


def test_an_empty_line_ends_at_once(terminal):
    assert terminal.run("").code == 0
    assert terminal.run("   \n ").code == 0
