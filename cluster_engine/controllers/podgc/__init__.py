"""The pod garbage collector: removes pods that no kubelet will ever end, and the oldest of too many that have ended.

Started by the cluster; imports no other controller.
"""
