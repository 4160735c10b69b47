"""The small world inside containers: files, processes, a shell, logs, and a network between pods.

A library without a will of its own: the kubelets make a `PodWorld` of a pod when somebody looks (an exec, a probe, a
request over the network, a script that has to run), and tell it what time it is. It runs processes in virtual time, one
runner a pod, and calls back when a main process ends. It must not know the API, the components or the site, and it
never touches the host: files, programs and sockets are all simulated.

`runner.py` is processes and time; `files.py`, `filesystem.py` and `volumes.py` what is on disk; `container.py` and
`pod.py` one container and one pod; `shell/` and `programs/` what can be run; `network/` addresses, connections, HTTP;
`servers/` what popular images answer.
"""
