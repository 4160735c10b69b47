"""The Deployment controller: rolls a Deployment's pods from one template to the next through ReplicaSets.

`controller.py` enqueues and dispatches; `sync.py` finds and makes ReplicaSets, scales, cleans up and writes the status;
`rolling.py` and `recreate.py` are the two strategies; `progress.py` judges progress; `util.py` has the arithmetic,
`rs_annotations.py` the annotations. Started by the cluster; imports no other controller.
"""
