"""The TTL-after-finished controller: deletes Jobs a while after they have ended, where they ask for it.

Started by the cluster; imports no other controller.
"""
