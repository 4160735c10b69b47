"""Guests: somebody who wants to start now gets a user of their own, kept by the session cookie alone."""

import secrets

from django.contrib.auth import login
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
