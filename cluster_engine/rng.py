"""Seeded randomness: names, uids and jitter that come out the same for the same seed.

Each use has a stream of its own (`Rng.stream("names")`), so that one more random draw in one component does not change
what another component draws.
"""

from __future__ import annotations

import random

# Vowels and look-alikes are left out, as in k8s.io/apimachinery/pkg/util/rand.
SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class Rng:
    """One stream of random values."""

    def __init__(self, seed: int | str) -> None:
        self._seed = seed
        self._random = random.Random(f"podarium/{seed}")

    def stream(self, name: str) -> Rng:
        """An independent stream of the same seed."""
        return Rng(f"{self._seed}/{name}")

    def suffix(self, length: int = 5) -> str:
        """A suffix as `generateName` appends, e.g. `x7k2p`."""
        return "".join(self._random.choices(SAFE_ALPHABET, k=length))

    def uid(self) -> str:
        """A version 4 UUID."""
        bits = f"{self._random.getrandbits(128):032x}"
        variant = "89ab"[int(bits[16], 16) & 3]
        return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-{variant}{bits[17:20]}-{bits[20:]}"

    def hex(self, digits: int) -> str:
        """`digits` hexadecimal digits."""
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def choice_index(self, count: int) -> int:
        """An index below `count`."""
        return self._random.randrange(count)
