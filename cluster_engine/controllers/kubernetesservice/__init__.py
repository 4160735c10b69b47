"""Keeps the `kubernetes` Service, its addresses and the system namespaces there, whoever deletes them.

Follows pkg/controlplane/controller/{kubernetesservice,systemnamespaces}: in a real cluster the API server runs this
loop.
"""
