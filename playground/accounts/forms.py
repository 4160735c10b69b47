"""The forms of sign-up and sign-in."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UserCreationForm
from django.utils.translation import gettext_lazy as _

from playground.accounts.models import User


class SignUpForm(UserCreationForm):
    """A name and a password; no address, nothing else. A guest who signs up stays the same user."""

    class Meta:
        """The fields of the user that are asked for."""

        model = User
        fields = ("username",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["username"]
        name.label = _("Name")
        name.help_text = _("Letters, digits and @ . + - _; instructors of yours see it.")
        name.initial = ""
        self.initial.pop("username", None)  # a guest's made-up name is not worth proposing
        name.widget.attrs.update({"autocomplete": "username", "autofocus": True, "spellcheck": "false"})
        for field in ("password1", "password2"):
            self.fields[field].widget.attrs["autocomplete"] = "new-password"

    def clean_username(self) -> str:
        """Keep the names of guests for guests."""
        name = str(self.cleaned_data["username"])
        if name.lower().startswith("guest-"):
            raise forms.ValidationError(_("Names that start with “guest-” belong to guests."))
        if User.objects.filter(username__iexact=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Somebody has this name already."))
        return name

    def save(self, commit: bool = True) -> User:
        """Save the user, who is a guest no longer."""
        self.instance.is_guest = False
        return super().save(commit=commit)


class SignInForm(AuthenticationForm):
    """Name and password."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("This name and password do not belong together. Check both; capitals count."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Name")
