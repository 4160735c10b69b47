"""The kubelets: one component a node, which registers its node and runs the pods that are bound to it.

Follows pkg/kubelet. `kubelet.py` is the sync loop, `pod_worker.py` one pod's life, `runtime.py` the simulated
containers, `images.py` what can be pulled, `scripts.py` what a command line does, `probes.py` when probes succeed,
`status.py` how
a pod's status is worded, `node_status.py` how the node's is. Simulated images are data, in `catalogue/`.

Constructed by the cluster. A kubelet knows the other components only through the API; it must not schedule, and holds
no truth of its own: constructed over existing pods, it rebuilds its containers from their statuses and goes on.
"""
