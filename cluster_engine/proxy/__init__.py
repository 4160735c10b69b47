"""kube-proxy and the cluster's DNS: what Services and EndpointSlices mean on the network inside.

`rules.py` follows pkg/proxy (iptables), `dns.py` CoreDNS' kubernetes plugin. Both answer the simulated network's
questions from the API's objects and change nothing; they cost nothing until somebody asks. They must not know kubelets.
"""
