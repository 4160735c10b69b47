"""etcd: a multi-version key-value store with one revision a write, compare-and-swap, watches, compaction and snapshots.

Called by the API server only. It knows keys and values, not kinds.
"""
