"""The node lifecycle controller: turns a node's conditions, and its silence, into taints."""
