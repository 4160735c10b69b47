"""A Kubernetes cluster as a deterministic discrete-event simulation.

Called by the site (`playground`), by tests and by anyone who wants a cluster in a few lines of Python. It must not
import Django or asyncio, start threads, read the wall clock or use the global random: the same seed and the same inputs
give the same revisions, byte for byte. `docs/architecture.md` has the picture.
"""
