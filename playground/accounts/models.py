"""The user: a guest, a learner or an instructor."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """Somebody who uses the playground. A guest has no password and a made-up name, and is otherwise like anybody."""

    class Theme(models.TextChoices):
        """How the pages look; `system` follows the browser."""

        SYSTEM = "system", _("As the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    is_guest = models.BooleanField(default=False)
    is_instructor = models.BooleanField(default=False, help_text=_("May see and open the sessions of others."))
    language = models.CharField(max_length=16, choices=settings.LANGUAGES, blank=True, default="")
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)

    def __str__(self) -> str:
        """Return the name that pages show."""
        return self.shown_name

    @property
    def shown_name(self) -> str:
        """The name to call this person by; all guests are called the same."""
        return str(_("Guest")) if self.is_guest else self.username
