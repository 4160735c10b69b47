"""What the servers of popular images do: small programs that listen and answer. `registry.py` lists them by name."""
