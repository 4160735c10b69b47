"""The pages around a sandbox: who gets them, and what they do."""

import pytest

from playground.accounts.models import User
from playground.sandboxes import gateway
from playground.sandboxes.models import Command, OutputChunk, Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def as_user(client):
    def login(user):
        client.force_login(user)
        return client

    return login


def test_a_guest_gets_a_sandbox_of_their_own_without_signing_up(client):
    answer = client.post("/sandboxes/new")
    sandbox = Sandbox.objects.get()
    assert answer.status_code == 302
    assert answer.url == f"/sandboxes/{sandbox.pk}/"
    assert sandbox.owner.is_guest
    page = client.get(answer.url)
    assert page.status_code == 200
    assert f"/ws/sandboxes/{sandbox.pk}/" in page.content.decode()


def test_a_sandbox_is_made_by_a_post_and_not_by_a_link(client):
    assert client.get("/sandboxes/new").status_code == 405
    assert not Sandbox.objects.exists()
    assert not User.objects.exists()


def test_the_owner_sees_the_workspace_and_may_use_it(as_user, sandbox, learner):
    page = as_user(learner).get(f"/sandboxes/{sandbox.pk}/")
    assert page.status_code == 200
    assert page.context["read_only"] is False
    assert page.context["ws_path"] == f"/ws/sandboxes/{sandbox.pk}/"


@pytest.mark.parametrize("path", ["", "review/"])
def test_a_stranger_is_told_that_there_is_no_such_page(as_user, client, sandbox, stranger, path):
    url = f"/sandboxes/{sandbox.pk}/{path}"
    assert client.get(url).status_code == 404
    assert as_user(stranger).get(url).status_code == 404
    nowhere = "/sandboxes/11111111-2222-4333-8444-555555555555/"
    assert client.get(nowhere + path).status_code == 404


def test_a_stranger_cannot_delete_a_sandbox_and_neither_can_an_instructor(as_user, sandbox, stranger, instructor):
    for user in (stranger, instructor):
        assert as_user(user).post(f"/sandboxes/{sandbox.pk}/delete").status_code == 404
    assert Sandbox.objects.exists()


def test_the_owner_deletes_a_sandbox_with_all_that_is_in_it(as_user, sandbox, learner):
    Command.objects.create(sandbox=sandbox, number=1, terminal="1", line="ls", started_us=0)
    assert as_user(learner).post(f"/sandboxes/{sandbox.pk}/delete").status_code == 302
    assert (Sandbox.objects.count(), Command.objects.count()) == (0, 0)


def test_an_instructor_sees_a_workspace_read_only(as_user, sandbox, instructor):
    page = as_user(instructor).get(f"/sandboxes/{sandbox.pk}/review/")
    assert page.status_code == 200
    assert page.context["read_only"] is True
    assert page.context["ws_path"] == f"/ws/sandboxes/{sandbox.pk}/?review=1"
    assert as_user(instructor).get(f"/sandboxes/{sandbox.pk}/").context["read_only"] is True


def test_the_owner_is_no_reviewer(as_user, sandbox, learner):
    assert as_user(learner).get(f"/sandboxes/{sandbox.pk}/review/").status_code == 404


def test_somebody_sees_their_own_sandboxes_and_no_others(as_user, client, sandbox, learner, stranger):
    assert sandbox.title in as_user(learner).get("/sandboxes/").content.decode()
    assert str(sandbox.pk) not in as_user(stranger).get("/sandboxes/").content.decode()
    client.logout()
    assert str(sandbox.pk) not in client.get("/sandboxes/").content.decode()


def test_one_person_may_have_so_many_sandboxes_and_no_more(as_user, learner):
    for _ in range(20):
        gateway.create(learner)
    answer = as_user(learner).post("/sandboxes/new")
    assert answer.status_code == 409
    words = "you have 20 sandboxes, as many as one person may have: delete one first"
    assert words in answer.content.decode()
    assert Sandbox.objects.count() == 20


def test_the_sessions_are_for_instructors(as_user, client, sandbox, learner, stranger, instructor):
    for path in ("/review/", f"/review/{sandbox.pk}/transcript/"):
        client.logout()
        assert client.get(path).status_code == 404
        assert as_user(learner).get(path).status_code == 404
        assert as_user(stranger).get(path).status_code == 404
        assert as_user(instructor).get(path).status_code == 200


def test_the_sessions_are_listed_with_how_much_was_typed(as_user, sandbox, instructor):
    for number in range(3):
        Command.objects.create(sandbox=sandbox, number=number, terminal="1", line="kubectl get pods", started_us=0)
    page = as_user(instructor).get("/review/")
    (row,) = page.context["page"].object_list
    assert (row.pk, row.commands_typed) == (sandbox.pk, 3)
    assert f"/sandboxes/{sandbox.pk}/review/" in page.content.decode()


def test_a_transcript_shows_every_command_and_what_it_printed(as_user, sandbox, instructor):
    command = Command.objects.create(
        sandbox=sandbox, number=1, terminal="1", line="kubectl <b>", started_us=0, exit_code=1
    )
    OutputChunk.objects.create(command=command, number=0, stream="stderr", text="error: <script>\n")
    OutputChunk.objects.create(command=command, number=1, stream="stdout", text="more\n")
    page = as_user(instructor).get(f"/review/{sandbox.pk}/transcript/").content.decode()
    assert "kubectl &lt;b&gt;" in page
    assert "error: &lt;script&gt;\nmore" in page
    assert "exit code 1" in page


def test_a_transcript_of_no_sandbox_is_not_found(as_user, instructor):
    url = "/review/11111111-2222-4333-8444-555555555555/transcript/"
    assert as_user(instructor).get(url).status_code == 404
