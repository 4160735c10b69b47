"""Proof by simulation: random workloads and edits on a real cluster, and what must hold at every moment of it.

Everything follows from a seed. `make test` runs 200 of them, `make soak` thousands; a seed that fails replays alone
with `python -m tests.simulation SEED`.
"""
