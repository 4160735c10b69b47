"""What must hold: promises of each kind of object, checked at every revision, at every quiet moment, and at the end."""

from tests.simulation.promises.view import BrokenPromiseError, Promise, View

__all__ = ["BrokenPromiseError", "Promise", "View"]
