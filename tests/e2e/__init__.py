"""Kubernetes' end-to-end scenarios for workloads, in our own words: real clients, real HTTP, a server of its own.

Each test names the scenario of test/e2e/apps that it walks through, with the same images, commands and probes.
"""
