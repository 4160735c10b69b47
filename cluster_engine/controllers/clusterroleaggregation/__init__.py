"""The ClusterRole aggregation controller: fills the rules of ClusterRoles that collect those of others.

Started by the cluster; imports no other controller.
"""
