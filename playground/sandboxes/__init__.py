"""Sandboxes: one simulated cluster a person, kept in the database, brought to life when somebody looks.

- `models`: what is written down; `journal`: how, in batches through one writer; `recovery`: how it is read again;
- `registry`: the clusters that are awake; `live`: one of them; `worker`: the task that steps them all;
- `gateway`: the only way in for pages, websockets and other doors. Nothing outside this package imports the rest of it.

The engine is touched on the event loop only. Neither pages nor protocol messages belong here: `console` has those.
"""
