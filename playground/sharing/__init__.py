"""Links that carry a sandbox: its start state and everything that was typed in it since.

Whoever opens one gets a copy of their own to continue, guests too. A link shows the sandbox as it was when the link was
made, without what is private (`private.py`), until its owner withdraws it. Uses the rows of `playground.sandboxes`;
touches no live cluster.
"""
