"""The table of `test_every_system.py`: every system that a course on Kubernetes names, at work and failing."""
