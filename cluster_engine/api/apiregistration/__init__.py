"""APIServices: which group versions there are, and who serves them. Used by the registry; imports no other kind."""
