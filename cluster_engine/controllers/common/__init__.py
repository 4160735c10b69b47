"""What several workload controllers share: pods' states, ranking, creation and deletion, adoption, expectations.

Follows pkg/controller/{controller_utils,controller_ref_manager}.go and pkg/api/v1/pod/util.go. Imports no controller.
"""
