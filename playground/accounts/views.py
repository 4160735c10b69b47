"""Sign up, sign in, sign out."""

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from playground.accounts.forms import SignInForm, SignUpForm
from playground.accounts.guests import BACKEND, hand_over
from playground.accounts.models import User


@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Turn a guest into somebody with a name, or make a new user. What a guest made hangs on the same row and stays."""
    guest = request.user if isinstance(request.user, User) else None
    if guest and not guest.is_guest:
        return redirect(_next(request))
    instance = User.objects.get(pk=guest.pk) if guest else User(language=get_language() or "")
    form = SignUpForm(request.POST or None, instance=instance)
    if request.method == "POST" and form.is_valid():
        login(request, form.save(), backend=BACKEND)
        messages.success(request, _("Welcome. Your sandboxes and your progress are kept under this name."))
        return redirect(_next(request))
    status = 422 if form.is_bound else 200
    return render(request, "accounts/sign_up.html", {"form": form, "next": request.GET.get("next", "")}, status=status)


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class SignIn(LoginView):
    """Sign in with name and password."""

    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in; what was made as a guest before comes along."""
        before = self.request.user
        user = form.get_user()
        if isinstance(before, User) and before.is_guest and isinstance(user, User) and user.pk != before.pk:
            hand_over(User.objects.get(pk=before.pk), user)
            messages.success(self.request, _("What you have done as a guest is yours now."))
        return super().form_valid(form)

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Send somebody who has a name already on their way; a guest may sign in as somebody else."""
        if isinstance(request.user, User) and not request.user.is_guest:
            return redirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]


class SignOut(LogoutView):
    """Sign out, by POST alone."""


def _next(request: HttpRequest) -> str:
    """Return where the visitor came from, when that is a page of this site, else the lessons."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if is_ours else "curriculum:catalogue"
