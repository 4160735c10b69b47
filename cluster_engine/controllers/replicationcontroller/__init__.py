"""The ReplicationController controller: ReplicaSets' ancestor, with the same rules and a selector of plain labels.

What it does is in `common/replica_controller.py`, which ReplicaSets share. Started by the cluster; imports no other
controller.
"""
