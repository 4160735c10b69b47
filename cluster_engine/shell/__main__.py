"""The terminal without a browser: `python -m cluster_engine.shell`.

Without arguments it is a terminal on a cluster of its own, whose virtual time follows real time. With `--transcript IN
OUT` it types the steps of a recording (or of all in a folder) and writes what they print in the same format.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml

from cluster_engine.shell import console, transcript

LOOKS = ("current", "document")


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cluster_engine.shell", description=__doc__.split("\n\n")[0])
    parser.add_argument("--look", choices=LOOKS, default="current", help="today's kubectl, or that of v1.12 (current)")
    parser.add_argument(
        "--transcript",
        nargs=2,
        type=Path,
        metavar=("IN", "OUT"),
        help="play a recording, or a folder of them, and write what it prints",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of all that is random (1)")
    parser.add_argument("--nodes", type=int, default=3, help="number of nodes (3)")
    parser.add_argument("--speed", type=float, default=1.0, help="virtual seconds a real second (1)")
    parser.add_argument(
        "--registry", choices=("any", "catalogue"), default="catalogue", help="which images exist (catalogue)"
    )
    parser.add_argument("--home", type=Path, help="a folder whose files are copied into the home directory")
    arguments = parser.parse_args(argv)
    if not 1 <= arguments.nodes <= 100:
        parser.error("--nodes must be between 1 and 100")
    if not 0 < arguments.speed <= 1000:
        parser.error("--speed must be above 0 and at most 1000")
    return arguments


def main(argv: list[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    if arguments.transcript is None:
        return console.run(arguments)
    source, target = arguments.transcript
    if not source.is_dir():
        _transcribe(source, target, arguments)
        return 0
    target.mkdir(parents=True, exist_ok=True)
    for recording in sorted(source.glob("*.yaml")):
        _transcribe(recording, target / recording.name, arguments)
    return 0


def _transcribe(source: Path, target: Path, arguments: argparse.Namespace) -> None:
    recording = yaml.safe_load(source.read_text(encoding="utf-8"))
    if not isinstance(recording, dict) or not isinstance(recording.get("steps"), list):
        raise SystemExit(f"{source}: a recording has a list of steps")
    written = transcript.transcribe(recording, arguments.look, arguments.seed)
    target.write_text(yaml.safe_dump(written, sort_keys=False, width=10_000, allow_unicode=True), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
