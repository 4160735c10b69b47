"""The ReplicaSet controller: keeps as many pods of a template as a ReplicaSet asks for.

`controller.py` enqueues, claims and manages pods; `status.py` computes and writes the status; `tally.py` keeps running
counts of pods, so that a sync costs the same whatever the number of replicas. Started by the cluster; imports no other
controller.
"""
