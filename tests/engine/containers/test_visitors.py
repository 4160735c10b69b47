"""An endless loop that asks others notes what was answered at the time, and not what would be answered later."""

from __future__ import annotations

from tests.engine.containers.cluster import World, pod, service

ASK = "wget -qO- -T1 site >/dev/null 2>&1 && echo $(date +%s) served || echo $(date +%s) nothing"
LOOP = f"while true; do {ASK}; sleep 1; done"


def test_a_visitor_in_a_loop_notices_a_gap_that_is_over_when_somebody_reads_its_log():
    world = World(seed=3)
    world.apply(pod("site", "nginx", "nginx -g 'daemon off;'", container={}) + service("site", {"app": "site"}))
    world.ok("label pod site app=site")
    world.ok(f"run visitor --image=busybox -- sh -c '{LOOP}'")
    world.run(10)
    world.ok("label pod site app-")
    world.run(8)
    world.ok("label pod site app=site")
    world.run(6)
    lines = world.ok("logs visitor").split("\n")[:-1]
    words = [line.split()[1] for line in lines]
    gap = [index for index, word in enumerate(words) if word == "nothing"]
    assert 7 <= len(gap) <= 9, lines
    assert gap == list(range(gap[0], gap[-1] + 1))
    assert words[-1] == "served"
    world.confirm_no_defects()


def test_a_loop_that_asks_nobody_still_costs_nothing_while_nobody_looks():
    world = World(seed=3)
    world.apply(pod("alone", "busybox", "sh -c 'while true; do date > /tmp/now; sleep 1; done'"))
    world.run(60)
    before = len(world.cluster.trace.steps)
    world.run(600)
    assert len(world.cluster.trace.steps) - before < 100
