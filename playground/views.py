"""The front page, the way from it into a workspace, and the language switch."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import i18n
from django.views.decorators.http import require_POST, require_safe

from playground.accounts.guests import ensure_user
from playground.accounts.models import User
from playground.curriculum import catalogue, progress, views

# The one in which a Deployment is created: nothing is broken there, and pods run after one command.
FIRST_LESSON = "05-deployment"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the front page."""
    return render(request, "home.html", {"begun": bool(progress.counts(request.user))})


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Bring whoever asks into the lesson where they are, as a guest if need be.

    Somebody new starts where the first pods run within a minute; the lessons before that one come once it is finished.
    """
    counts = progress.counts(ensure_user(request))
    lessons = list(catalogue.lessons().values())
    if not lessons:
        return redirect("curriculum:catalogue")
    lessons.sort(key=lambda lesson: lesson.slug != FIRST_LESSON)
    open_lessons = [lesson for lesson in lessons if counts.get(lesson.slug, 0) < len(lesson.steps)]
    return views.start_lesson(request, (open_lessons or lessons)[0].slug)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language, and remember it for the user: the worker tells them their progress in it."""
    response = i18n.set_language(request)
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and language in dict(User._meta.get_field("language").choices or ()):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return response


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer that the site is up."""
    return HttpResponse("ok\n", content_type="text/plain")
