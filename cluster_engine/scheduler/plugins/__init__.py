"""The scheduler's plugins, one file each. They decide alone: none knows another."""
