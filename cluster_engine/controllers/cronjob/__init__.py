"""The CronJob controller: starts a Job whenever a schedule says so.

`controller.py` enqueues, starts and cleans up Jobs; `schedule.py` says which time is due and when the next one is.
Started by the cluster; imports no other controller.
"""
