"""The disruption controller: keeps the status of PodDisruptionBudgets, by which evictions are let through or refused.

`controller.py` enqueues and writes; `budget.py` does the arithmetic. Started by the cluster; imports no other
controller.
"""
