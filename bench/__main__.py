"""`python -m bench`: prints every figure as one JSON object."""

from __future__ import annotations

import json
import sys

from bench import engine


def main() -> None:
    print("measuring the engine …", file=sys.stderr)
    print(json.dumps(engine.measure(), indent=2))


if __name__ == "__main__":
    main()
