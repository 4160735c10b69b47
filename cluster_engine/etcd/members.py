"""The members of etcd: who is up, who leads, and whether a majority can be had.

The data are in `store.py`, once, for a committed write is the same on every member. What the members decide is whether
there is anybody to commit a write: a leader, which a majority of all members has elected. Follows etcd's raft with its
default timings, a heartbeat each 100 ms and an election timeout of one second and a random part of another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cluster_engine.clock import SECOND_US, Clock, Timer
from cluster_engine.rng import Rng
from cluster_engine.trace import Cause, Trace

ELECTION_SECONDS = (1.0, 2.0)
# How long etcd waits for a majority before it gives a request up: five seconds and two election timeouts.
REQUEST_TIMEOUT_SECONDS = 7.0
NO_QUORUM = "etcdserver: request timed out"
LEADER_CHANGED = "etcdserver: leader changed"


@dataclass(slots=True)
class Member:
    """One member. `connected` is whether it hears the others."""

    name: str
    running: bool = True
    connected: bool = True

    @property
    def takes_part(self) -> bool:
        return self.running and self.connected


class EtcdCluster:
    """The members of one cluster. `on_change` is called when requests start or cease to be answered."""

    def __init__(self, count: int, clock: Clock, trace: Trace, rng: Rng) -> None:
        if count < 1:
            raise ValueError(f"etcd needs at least one member, not {count}")
        self._clock = clock
        self._trace = trace
        self._rng = rng
        self.members = {f"etcd-{index}": Member(f"etcd-{index}") for index in range(count)}
        self.leader: str | None = "etcd-0"
        self.term = 2
        self.on_change: Callable[[], None] = lambda: None
        self._election: Timer | None = None

    @property
    def quorum(self) -> int:
        """How many members are a majority: 1 of 1, 2 of 3, 3 of 5."""
        return len(self.members) // 2 + 1

    @property
    def has_quorum(self) -> bool:
        return len(self._present()) >= self.quorum

    def _present(self) -> list[Member]:
        present = [member for member in self.members.values() if member.takes_part]
        # A member alone is its own majority, whatever lies between it and nobody.
        return present if len(self.members) > 1 else [m for m in self.members.values() if m.running]

    def problem(self) -> str | None:
        """Why a write cannot be made at present, in etcd's words; None when it can."""
        if self.leader is not None:
            return None
        return LEADER_CHANGED if self.has_quorum else NO_QUORUM

    def set_member(self, name: str, *, running: bool | None = None, connected: bool | None = None) -> None:
        """Starts, stops, cuts off or reconnects a member. KeyError where there is none of that name."""
        member = self.members[name]
        if running is not None:
            member.running = running
        if connected is not None:
            member.connected = connected
        self._settle()

    def _settle(self) -> None:
        """Keeps the leader, loses it, or has another elected."""
        present = [member.name for member in self._present()]
        if self.leader is not None and self.leader in present and self.has_quorum:
            return
        if self.leader is not None:
            lost = self.leader
            self.leader = None
            self._trace.note(f"{lost} leads no more: {len(present)} of {len(self.members)} members hear each other")
            self.on_change()
        if self._election is not None:
            self._election.cancel()
            self._election = None
        if self.has_quorum:
            delay_us = round(self._rng.uniform(*ELECTION_SECONDS) * SECOND_US)
            self._election = self._clock.call_at(self._clock.now_us + delay_us, self._elect)

    def _elect(self) -> None:
        self._election = None
        present = self._present()
        chosen = present[self._rng.choice_index(len(present))]
        self.term += 1
        self.leader = chosen.name
        self._trace.begin("etcd", "election", Cause("timer", "no leader for an election timeout"))
        try:
            votes = f"{len(present)} of {len(self.members)} members"
            self._trace.note(f"{chosen.name} leads in term {self.term}: elected by {votes}, {self.quorum} are needed")
            self.on_change()
        finally:
            self._trace.end()

    def status(self) -> list[dict[str, object]]:
        """Each member as people see it: name, state (leader, follower, alone, stopped)."""
        return [{"name": member.name, "state": self._state(member)} for member in self.members.values()]

    def _state(self, member: Member) -> str:
        if not member.running:
            return "stopped"
        if member.name == self.leader:
            return "leader"
        return "follower" if member.takes_part and self.has_quorum else "alone"
