"""The ReplicaSet controller: keeps as many pods of a template as a ReplicaSet asks for.

What it does is in `common/replica_controller.py`, which ReplicationControllers share. Started by the cluster; imports
no other controller.
"""
