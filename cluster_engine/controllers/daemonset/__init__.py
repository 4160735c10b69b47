"""The DaemonSet controller: one pod on every node that the template fits.

`controller.py` enqueues and reports; `placement.py` says which nodes a pod belongs on; `manage.py` which pods are to be
created and deleted; `update.py` rolls a new template out; `revisions.py` keeps its history. Scheduling is the default
scheduler's: each pod carries an affinity for its node. Started by the cluster; imports no other controller.
"""
