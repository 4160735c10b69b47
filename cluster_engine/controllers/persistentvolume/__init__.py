"""Volumes and claims: binds claims to volumes, makes volumes for claims that may have one made, and keeps both while
they are in use.
"""
