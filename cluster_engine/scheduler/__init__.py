"""The scheduler: finds a node for each pod that has none, and binds it there.

Follows pkg/scheduler. `scheduler.py` tries one pod a step (filter, score, choose, bind), `queue.py` holds those that
wait, `cache.py` what is on the nodes, `framework.py` what a plugin is, `plugins/` the plugins, one file each,
`runtime.py` runs them stage by stage. `preemption.py` says whom a pod that fits nowhere may push out.

Constructed by the cluster. It knows the kubelets only through the API, and must not start, stop or change a pod
otherwise.
"""
