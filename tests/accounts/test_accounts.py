"""Guests, sign-up, sign-in, roles, languages: through the pages."""

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from playground.accounts.models import User
from playground.curriculum import progress
from playground.sandboxes import gateway
from playground.sandboxes.models import Command

pytestmark = pytest.mark.django_db
PASSWORD = "glass-and-moss-42"


def sign_up(client, name="ada", **more):
    data = {"username": name, "password1": PASSWORD, "password2": PASSWORD, **more}
    return client.post(reverse("accounts:sign_up"), data)


def test_somebody_who_starts_becomes_a_guest_with_a_sandbox_at_the_first_lesson(client):
    response = client.post(reverse("start"))
    sandbox = gateway.of_user(User.objects.get()).get()
    assert (response.status_code, response["Location"]) == (302, f"/sandboxes/{sandbox.pk}/")
    assert (sandbox.owner.is_guest, sandbox.lesson) == (True, "05-deployment")
    assert [file.path for file in sandbox.files.all()] == ["dc-nginx.yaml"]


def test_who_only_looks_around_leaves_no_user_behind(client):
    for name in ("home", "curriculum:catalogue", "accounts:sign_in", "accounts:sign_up"):
        assert client.get(reverse(name)).status_code == 200
    assert client.get(reverse("start")).status_code == 405
    assert User.objects.count() == 0


def test_starting_again_goes_back_to_the_same_sandbox(client):
    first = client.post(reverse("start"))["Location"]
    assert client.post(reverse("start"))["Location"] == first
    assert User.objects.count() == 1


def test_signing_up_keeps_the_guests_sandboxes_and_progress(client):
    client.post(reverse("start"))
    guest = User.objects.get()
    sandbox = gateway.of_user(guest).get()
    progress.record(guest.pk, "01-control-plane", ["create"], sandbox.pk)
    response = sign_up(client)
    assert response.status_code == 302
    user = User.objects.get()
    assert (user.pk, user.username, user.is_guest) == (guest.pk, "ada", False)
    assert list(gateway.of_user(user)) == [sandbox]
    assert progress.done_steps(user.pk, "01-control-plane") == {"create"}
    assert client.get(reverse("home")).wsgi_request.user == user


def test_a_guest_who_signs_in_brings_along_what_they_have_done(client):
    ada = User.objects.create_user("ada", password=PASSWORD)
    progress.record(ada.pk, "01-control-plane", ["create"])
    theirs = gateway.create(ada)
    client.post(reverse("start"))
    guest = User.objects.get(is_guest=True)
    sandbox = gateway.of_user(guest).get()
    Command.objects.create(sandbox=sandbox, number=1, terminal="1", line="kubectl get pods", started_us=1, user=guest)
    progress.record(guest.pk, "01-control-plane", ["create", "scheduler"], sandbox.pk)
    response = client.post(reverse("accounts:sign_in"), {"username": "ada", "password": PASSWORD}, follow=True)
    assert "What you have done as a guest is yours now." in response.content.decode()
    assert set(gateway.of_user(ada)) == {theirs, sandbox}
    assert progress.done_steps(ada.pk, "01-control-plane") == {"create", "scheduler"}
    assert sandbox.commands.get().user == ada
    assert gateway.of_user(ada).get(pk=sandbox.pk).epoch == sandbox.epoch + 1, "who holds it in memory lets it go"
    assert not User.objects.filter(is_guest=True).exists()


def test_a_wrong_password_leaves_the_guest_a_guest(client):
    User.objects.create_user("ada", password=PASSWORD)
    client.post(reverse("start"))
    client.post(reverse("accounts:sign_in"), {"username": "ada", "password": "no"})
    guest = User.objects.get(is_guest=True)
    assert client.get(reverse("home")).wsgi_request.user == guest


def test_signing_up_without_having_been_a_guest_makes_a_user(client):
    assert sign_up(client).status_code == 302
    assert User.objects.get().is_guest is False


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "guest-0123"}, "Names that start with “guest-” belong to guests."),
        ({"name": "GRACE"}, "Somebody has this name already."),
        ({"password2": "something-else-9"}, "The two password fields didn’t match."),
        ({"password1": "short", "password2": "short"}, "This password is too short."),
    ],
)
def test_a_sign_up_that_is_wrong_says_why_and_changes_nothing(client, changes, message):
    User.objects.create_user("grace")
    client.post(reverse("start"))
    response = sign_up(client, **changes)
    assert response.status_code == 422
    assert message in response.content.decode()
    assert User.objects.filter(is_guest=True).count() == 1


def test_sign_in_and_out(client):
    User.objects.create_user("ada", password=PASSWORD)
    wrong = client.post(reverse("accounts:sign_in"), {"username": "ada", "password": "no"})
    assert "This name and password do not belong together." in wrong.content.decode()
    right = client.post(reverse("accounts:sign_in"), {"username": "ada", "password": PASSWORD})
    assert right["Location"] == reverse("curriculum:catalogue")
    assert client.get(reverse("accounts:sign_out")).status_code == 405
    client.post(reverse("accounts:sign_out"))
    assert client.get(reverse("home")).wsgi_request.user.is_authenticated is False


@pytest.mark.parametrize("target", ["https://example.com/", "//example.com", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site_after_signing_up(client, target):
    assert sign_up(client, next=target)["Location"] == reverse("curriculum:catalogue")


def test_the_language_is_kept_for_the_user(client):
    client.post(reverse("start"))
    client.post(reverse("set_language"), {"language": "zh-hans", "next": "/"})
    assert User.objects.get().language == "zh-hans"
    assert '<html lang="zh-hans">' in client.get("/").content.decode()
    client.post(reverse("set_language"), {"language": "xx", "next": "/"})
    assert User.objects.get().language == "zh-hans"


def test_a_browser_that_prefers_chinese_gets_chinese(client):
    page = client.get("/", headers={"accept-language": "zh-CN,zh;q=0.9"}).content.decode()
    assert '<html lang="zh-hans">' in page
    assert "马上开始" in page


def test_make_instructor_gives_and_takes_the_role(capsys):
    User.objects.create_user("ada")
    call_command("make_instructor", "ada")
    assert User.objects.get().is_instructor is True
    assert capsys.readouterr().out == "ada is an instructor now.\n"
    call_command("make_instructor", "ada", "--undo")
    assert User.objects.get().is_instructor is False


def test_make_instructor_refuses_strangers_and_guests():
    User.objects.create(username="guest-1", is_guest=True)
    for name in ("nobody", "guest-1"):
        with pytest.raises(CommandError) as caught:
            call_command("make_instructor", name)
        assert str(caught.value) == f"There is no user {name!r}: sign up on the site first."


def test_every_page_forbids_inline_scripts_and_foreign_sources(client):
    policy = client.get("/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
