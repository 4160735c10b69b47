"""Guests: somebody who wants to start now gets a user of their own, kept by the session cookie alone."""

import secrets

from django.contrib.auth import login
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest
from django.utils.translation import get_language

from playground.accounts.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"


def ensure_user(request: HttpRequest) -> User:
    """Return the user of this request; whoever is nobody yet becomes a guest and is logged in as such."""
    if isinstance(request.user, User):
        return request.user
    guest = User(username=f"guest-{secrets.token_hex(8)}", is_guest=True, language=get_language() or "")
    guest.set_unusable_password()
    guest.save()
    login(request, guest, backend=BACKEND)
    return guest


def hand_over(guest: User, user: User) -> None:
    """Give all that a guest has made to the user whom they turned out to be; what the user has already stays theirs."""
    with transaction.atomic():
        for relation in User._meta.get_fields(include_hidden=True):
            if isinstance(relation, models.ManyToOneRel) and not isinstance(relation, models.OneToOneRel):
                name = relation.field.name
                for row in relation.related_model._default_manager.filter(**{name: guest}):
                    _give(row, name, user)
        guest.delete()


def _give(row: models.Model, field: str, user: User) -> None:
    changes: dict[str, object] = {field: user}
    if hasattr(row, "epoch"):
        changes["epoch"] = models.F("epoch") + 1  # who holds the sandbox in memory thinks that it is still the guest's
    try:
        with transaction.atomic():
            type(row)._default_manager.filter(pk=row.pk).update(**changes)
    except IntegrityError:
        return  # the user has done that, too
