"""Addresses, connections and names inside the cluster, and the HTTP that runs over them.

A connection is bytes in both directions, so whatever speaks a real protocol (a port-forward, say) can be joined to a
simulated server. Servers answer at once, within the turn of whoever sent to them.
"""
