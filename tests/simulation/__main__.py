"""`python -m tests.simulation SEED` replays one history; `python -m tests.simulation --soak COUNT [FIRST]` runs
many.
"""

from __future__ import annotations

import os
import sys
import time

os.environ.setdefault("PODARIUM_FREEZE", "1")

from tests.simulation.promises import BrokenPromiseError
from tests.simulation.run import simulate


def main(arguments: list[str]) -> int:
    if arguments and arguments[0] == "--soak":
        count, first = int(arguments[1]), int(arguments[2]) if len(arguments) > 2 else 1000
    elif len(arguments) == 1:
        count, first = 1, int(arguments[0])
    else:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    failed, start = 0, time.monotonic()
    for seed in range(first, first + count):
        try:
            simulate(seed)
        except BrokenPromiseError as error:
            failed += 1
            sys.stderr.write(f"{error}\n")
    sys.stdout.write(f"{count} seeds from {first}, {failed} failed, {time.monotonic() - start:.0f} s\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
