"""`kubectl edit` and its kin.

`session.py` is one session in the editor, `report.py` what was wrong with it, `command.py` the commands.

Follows k8s.io/kubectl/pkg/cmd/util/editor.
"""
