"""`manage.py make_instructor NAME`: let somebody see the sessions of others."""

from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from playground.accounts.models import User


class Command(BaseCommand):
    """Make a user an instructor, or, with --undo, a learner again."""

    help = "Let a user see the sessions of others (--undo takes it back)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the user's name."""
        parser.add_argument("name")
        parser.add_argument("--undo", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Change the role."""
        name, is_instructor = options["name"], not options["undo"]
        changed = User.objects.filter(username=name, is_guest=False).update(is_instructor=is_instructor)
        if not changed:
            raise CommandError(f"There is no user {name!r}: sign up on the site first.")
        self.stdout.write(f"{name} is {'an instructor' if is_instructor else 'a learner'} now.")
