"""podarium.dev: what a cluster of the playground has and no other cluster has, the faults of the simulation."""
