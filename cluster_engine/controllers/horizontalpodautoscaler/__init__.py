"""The horizontal pod autoscaler: sets the replicas of a workload by what its pods use.

`controller.py` reads the scale, decides and writes; `metrics.py` reads what pods use; `calculator.py` proposes a number
of replicas from that; `limits.py` holds the proposal back (stabilisation, rates, bounds). Started by the cluster;
imports no other controller.
"""
