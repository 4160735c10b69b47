"""The rules of pod specs, shared by pods and by every kind with a pod template: defaults, then validation by topic.

Called by the strategies. Follows pkg/apis/core/v1/defaults.go and pkg/apis/core/validation (v1.32). What a spec's parts
share with other specs is defaulted and validated once (`api/memo.py`); nothing here changes its argument.
"""
