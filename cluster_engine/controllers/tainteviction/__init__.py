"""The taint eviction controller: deletes pods from nodes with NoExecute taints, once their patience is over.

Started by the cluster; imports no other controller.
"""
