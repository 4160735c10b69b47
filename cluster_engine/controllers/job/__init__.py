"""The Job controller: runs pods until enough of them have succeeded, or too many have failed.

`controller.py` enqueues, claims and decides how the Job stands; `manage.py` creates and deletes pods; `tracking.py`
counts pods that ended and lets them go by their finalizer; `indexes.py`, `per_index.py`, `backoff.py` and `policies.py`
are the rules of Indexed Jobs, of waiting after failures, and of failure and success policies. Started by the cluster;
imports no other controller.
"""
