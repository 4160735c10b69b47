"""The site's own management commands."""
