"""What the templates of the workspace ask for."""
