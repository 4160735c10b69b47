"""The Django site around the simulated clusters.

It knows who owns which cluster, how time is paced, what is written down and what browsers see. It may import
`cluster_engine`; the engine never imports it. Each folder is one Django app:

- `sandboxes`: what a sandbox is, its journal, its worker, and the gateway through which everything else reaches it;
- `console`: the workspace page and its websocket;
- `curriculum`: lessons and progress;
- `classrooms`: what instructors see;
- `accounts`: guests, sign-up and roles.
"""
