"""The terminal's kubectl against the real one: the same lines on forks of the same cluster, compared byte by byte.

`states/*.yaml` are the data: how a cluster is set up, and the lines that are typed on it.
`python -m tests.differential` runs them, `test_kubectl.py` is the same in pytest.
What is random or timed is taken out by `normal.py`.
"""
