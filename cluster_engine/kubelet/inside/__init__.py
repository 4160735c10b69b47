"""How a kubelet fills the world inside a pod's containers: environment, volumes, command lines, and their lives.

`pod_inside.py` makes the world of a pod when somebody looks, or when a command line has to be run to know what it
does; the other files say what is in it. The world itself is `cluster_engine/containers/`.
"""
