"""Faults: what can be put out of order in a cluster, how it is put right again, and what people may choose from.

A fault is a value (`Fault`) that `cluster.inject` puts in force and `cluster.lift` ends. While it is in force it is an
object of etcd, so that it is journaled, survives a sandbox's sleep, and can be listed and deleted with kubectl.
`injector.py` follows these objects; `control_plane.py`, `etcd.py`, `machines.py` and `containers.py` make the cluster
as the faults in force want it to be. They reach the cluster through its processes; nothing here may be called by a
component, and no component asks whether there is a fault: it notices what a real one would notice.
"""

from cluster_engine.faults.fault import Fault
from cluster_engine.faults.menu import Entry, catalogue

__all__ = ["Entry", "Fault", "catalogue"]
