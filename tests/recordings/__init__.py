"""Recordings of a real cluster, how they are compared with what is printed here, and where the two may differ."""
