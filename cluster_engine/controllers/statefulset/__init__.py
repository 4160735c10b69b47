"""The StatefulSet controller: pods with names, an order and storage of their own.

`controller.py` enqueues and claims; `control.py` decides what happens to which pod, in order; `pod_control.py` creates,
repairs and deletes pods and their claims; `claims.py` is the retention of claims; `revisions.py` is the history of the
template; `status.py` counts and writes the status; `util.py` has names, ordinals and identities. Started by the
cluster; imports no other controller.
"""
