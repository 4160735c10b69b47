"""The terminal's kubectl: a genuine client of the sandbox's API server, one file a command.

Follows k8s.io/kubectl/pkg/cmd (v1.32): Complete, Validate, Run. It reads and writes through requests only, prints
tables that the server made, and must not read the engine's insides.

`root.main(factory, words)` runs a line as a `Process` (`process.py`), a generator that yields what it waits for;
`factory.py` is what a command is given, `command.py` the tree of commands, `flags.py` their flags, `errors.py` what is
said when something is wrong, `resource/` how objects are found, `printers/` and `describe/` how they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cluster_engine.apiserver.server import ApiServer
    from cluster_engine.clock import Clock


class HasServer(Protocol):
    """A cluster, as far as kubectl needs to know it."""

    @property
    def clock(self) -> Clock: ...

    @property
    def server(self) -> ApiServer: ...


def run_to_end(cluster: HasServer, words: Sequence[str]) -> str:
    """What a command that only reads would print, errors included; a command that would wait is cut off."""
    # Imported late: the commands import this package.
    from cluster_engine.kubectl.read import run_at_once

    out, err, _ = run_at_once(cluster.server, cluster.clock, words)
    return out + err
