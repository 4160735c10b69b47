"""Processes inside a container: their numbers, signals, exit codes, memory and output."""

from __future__ import annotations

import pytest

from tests.engine.containers.cluster import World, pod
from tests.engine.containers.support import Pod


def test_the_first_process_is_number_one_and_children_follow():
    box = Pod(("sh", "-c", "sleep 1000 & sleep infinity"))
    rows = [line.split(None, 3) for line in box.run("ps").out.splitlines()[1:]]
    assert (rows[0][0], rows[0][3]) == ("1", "sh -c sleep 1000 & sleep infinity")
    assert {row[3] for row in rows[1:]} >= {"sleep 1000", "sleep infinity", "ps"}
    numbers = [int(row[0]) for row in rows]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 0", 0),
        ("exit 7", 7),
        ("false", 1),
        ("nope", 127),
        ("kill -9 $$", 137),
        ("kill $$", 143),
        ("trap 'exit 5' TERM; kill $$", 5),
        ("sleep 100 & kill $!; wait $!", 143),
        ("(exit 3) | true", 0),
        ("true | (exit 3)", 3),
        ("timeout 1 sleep 10", 143),
    ],
)
def test_how_a_command_ends(script, code):
    assert Pod().sh(script).code == code


def test_the_first_process_hears_only_signals_that_it_listens_to():
    box = Pod(("sleep", "infinity"))
    assert box.sh("kill 1; sleep 1; kill -9 1; sleep 1; echo alive").out == "alive\n"
    box = Pod(("sh", "-c", "trap 'echo caught; exit 9' TERM; while true; do sleep 1; done"))
    box.start(["kill", "1"])
    box.run_for(2)
    assert (box.log, box.exits) == ("caught\n", [(9, False)])


def test_a_container_that_ends_ends_all_that_runs_in_it():
    box = Pod(("sh", "-c", "sleep 2; exit 4"))
    process, out = box.start(["sh", "-c", "echo begun; sleep 100; echo never"])
    box.run_for(5)
    assert (box.exits, process.exit_code, b"".join(out["out"])) == ([(4, False)], 137, b"begun\n")


def test_a_pipe_that_nobody_reads_ends_its_writer():
    assert Pod().sh("yes | head -n 2; echo ${?}").out == "y\ny\n0\n"


def test_output_goes_to_the_log_line_by_line_with_its_time():
    world = World()
    script = "echo out; echo err >&2; printf no-newline; sleep 5; echo; echo late; sleep 100"
    world.apply(pod("p", command=f"sh -c '{script}'"))
    world.run(10)
    assert world.ok("logs p") == "out\nerr\nno-newline\nlate\n"
    stamps = [line.split()[0] for line in world.ok("logs p --timestamps").splitlines()]
    assert len(stamps) == 4
    assert stamps == sorted(stamps)
    assert world.ok("logs p --tail=1") == "late\n"


@pytest.mark.parametrize(
    ("command", "reason", "code", "log"),
    [
        ("sh -c 'echo ok'", "Completed", 0, "ok\n"),
        ("sh -c 'echo bad >&2; exit 3'", "Error", 3, "bad\n"),
        ("sh -c 'kill -9 1; echo alive'", "Completed", 0, "alive\n"),
        ("nope", "StartError", 128, None),
        ("/etc/passwd", "StartError", 128, None),
    ],
    ids=["well", "with a code", "kill -9 of the first", "no such program", "not a program"],
)
def test_what_the_status_says_of_the_end(command, reason, code, log):
    world = World()
    world.apply(pod("p", command=command, restartPolicy="Never"))
    ended = "{.status.containerStatuses[0].state.terminated"
    assert world.ok(f"get pod p -o jsonpath='{ended}.reason}} {ended}.exitCode}}'") == f"{reason} {code}"
    if log is not None:
        assert world.ok("logs p") == log


def test_a_container_that_takes_more_than_its_limit_is_killed():
    world = World()
    limits = {"resources": {"limits": {"memory": "64Mi"}}}
    world.apply(pod("p", "polinux/stress", "stress --vm 1 --vm-bytes 128M", container=limits, restartPolicy="Never"))
    ended = "{.status.containerStatuses[0].state.terminated"
    assert world.ok(f"get pod p -o jsonpath='{ended}.reason}} {ended}.exitCode}}'") == "OOMKilled 137"


def test_last_words_are_in_the_status():
    world = World()
    world.apply(pod("p", command="sh -c 'echo gone wrong > /dev/termination-log; exit 1'", restartPolicy="Never"))
    message = "{.status.containerStatuses[0].state.terminated.message}"
    assert world.ok(f"get pod p -o jsonpath='{message}'") == "gone wrong\n"


def test_containers_see_each_other_only_where_they_share_their_processes():
    world = World()
    two = pod("TITLE", shareProcessNamespace=False).replace(
        "  containers:\n", "  containers:\n  - {name: other, image: 'nginx:1.25'}\n"
    )
    shared = two.replace("Namespace: false", "Namespace: true")
    world.apply(two.replace("TITLE", "apart") + shared.replace("TITLE", "together"))
    assert "nginx" not in world.sh("apart", "ps", "c")
    seen = world.sh("together", "ps", "c")
    assert "nginx: master process nginx -g daemon off;" in seen
    assert "1 65535     0:00 /pause" in seen


def test_a_deletion_waits_for_whoever_listens_and_kills_the_deaf():
    world = World()
    world.apply(
        pod("polite", command="sh -c 'trap \"sleep 3; exit 0\" TERM; while true; do sleep 1; done'")
        + pod("deaf", terminationGracePeriodSeconds=10)
    )
    world.ok("delete pod polite deaf --wait=false")
    world.run(2)
    assert "polite" in world.ok("get pods")
    world.run(4)
    assert "polite" not in world.ok("get pods")
    assert "deaf" in world.ok("get pods")
    world.run(8)
    assert "No resources found" in world.kubectl("get pods").stderr
    world.confirm_no_defects()
