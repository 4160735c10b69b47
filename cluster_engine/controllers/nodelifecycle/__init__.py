"""The node lifecycle controller: notices that a kubelet has fallen silent, and taints nodes by their conditions.

`controller.py` watches heartbeats and writes; `taints.py` says which taints a node's conditions ask for. Started by the
cluster; imports no other controller.
"""
