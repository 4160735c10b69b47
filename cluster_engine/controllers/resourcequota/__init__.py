"""The resource quota controller: adds up what a namespace uses of its quotas. Refusing is the API server's work.

Started by the cluster; imports no other controller.
"""
