"""The terminal on a text console."""

from __future__ import annotations

import argparse


def run(arguments: argparse.Namespace) -> int:
    raise SystemExit("not yet")
