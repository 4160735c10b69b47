"""`python -m bench`: prints every figure as one JSON object."""

from __future__ import annotations

import json
import sys

from bench import api, engine, page, terminal


def main() -> None:
    print("measuring the engine …", file=sys.stderr)
    figures = engine.measure()
    print("measuring the API …", file=sys.stderr)
    figures |= api.measure()
    print("measuring a page …", file=sys.stderr)
    figures |= page.measure()
    print("measuring the terminal …", file=sys.stderr)
    figures |= terminal.measure()
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
