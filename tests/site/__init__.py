"""The site: sandboxes, the console and the review of sessions."""
