"""The server of these tests; it is the same as that of the site's."""

from tests.server import Server

__all__ = ["Server"]
