"""What people do to a cluster, at random: they create, edit, scale, roll back, relabel, drain, delete, and repair."""

from tests.simulation.people.people import Focus, People

__all__ = ["Focus", "People"]
