"""The loops of the API server for CustomResourceDefinitions: names, being served, the end of all objects of a kind.

Started by the cluster with the other controllers; imports none of them.
"""
