"""A link gives whoever opens it a copy to continue, without what is private, within limits, until it is withdrawn."""

import pytest
from django.urls import reverse

from playground.accounts.models import User
from playground.kubeapi import access
from playground.sandboxes import gateway, journal, limits
from playground.sandboxes.limits import LimitError
from playground.sandboxes.models import Command, OutputChunk, Revision, Sandbox
from playground.sharing import packing, shares
from playground.sharing.models import Share
from tests.site.manifests import DEPLOYMENT

pytestmark = pytest.mark.django_db(transaction=True)


def objects(live):
    return {item.key: item.value for item in live.cluster.store.snapshot().items}


async def worked_on(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.say(type="apply", path="web.yaml", text=DEPLOYMENT, terminal="1")
    await site.pass_time(30)
    await browser.run("kubectl scale deployment web --replicas=1")
    await site.pass_time(60)
    return browser


@pytest.mark.asyncio
async def test_a_copy_is_as_the_original_was_and_goes_on_by_itself(site, sandbox, learner, stranger):
    browser = await worked_on(site, sandbox, learner)
    (live,) = site.lives
    before, now_us = objects(live), live.cluster.clock.now_us
    share = shares.make(sandbox)
    await browser.run("kubectl delete deployment web")
    copy = shares.take_copy(share, stranger)
    assert (copy.owner_id, copy.lesson, copy.seed) == (stranger.pk, sandbox.lesson, sandbox.seed)
    other = await site.browser(copy, stranger)
    live = next(one for one in site.lives if one.sandbox.pk == copy.pk)
    assert {key: value for key, value in objects(live).items() if key in before} == before
    assert now_us - 60_000_000 <= live.cluster.clock.now_us <= now_us, "time of the last write"
    history = other.last("history")
    lines = ["kubectl apply -f web.yaml", "kubectl scale deployment web --replicas=1"]
    assert [command["line"] for command in history["commands"]] == lines
    assert history["commands"][0]["output"] == [["stdout", "deployment.apps/web created\n"]]
    assert history["files"] == [{"path": "web.yaml", "text": DEPLOYMENT}]
    await other.run("kubectl scale deployment web --replicas=2")
    await site.pass_time(20)
    assert len(other.pods()) == 2


@pytest.mark.asyncio
async def test_a_copy_can_be_taken_back_as_far_as_the_original(site, sandbox, learner, stranger):
    await worked_on(site, sandbox, learner)
    other = await site.browser(shares.take_copy(shares.make(sandbox), stranger), stranger)
    await other.say(type="undo", terminal="1")
    assert len(other.pods()) == 3
    await other.say(type="reset", terminal="1", what="lesson")
    assert other.pods() == {}
    await other.say(type="redo", terminal="1")
    assert len(other.pods()) == 3


@pytest.mark.asyncio
async def test_what_is_private_is_not_in_it(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    secret = access.secret_of(sandbox)
    await browser.run("kubectl create secret generic db --from-literal=password=hunter22 --from-literal=pin=12")
    await browser.run("kubectl get secret db -o yaml; kubectl get secret db -o jsonpath={.data.password} | base64 -d")
    await browser.run("kubectl create token default")
    await browser.say(type="save", path="config", text=f"server: http://127.0.0.1/k/{secret}\n")
    await browser.say(type="save", path="s.yaml", text="kind: Secret\nstringData: {p: correct-horse}\n")
    await browser.run("kubectl delete secret db")
    text = str(packing.unpack(shares.make(sandbox).data))
    for private in ("hunter22", "aHVudGVyMjI=", "pin=12", secret, "correct-horse", learner.username, "eyJhbGciOi"):
        assert private not in text, private
    assert "password=not-shared" in text
    assert sandbox.pk.hex not in text.replace("-", "")


def test_a_stranger_cannot_share_and_neither_can_an_instructor(client, sandbox, learner, stranger, instructor):
    for user in (stranger, instructor):
        client.force_login(user)
        assert client.get(reverse("sharing:panel", args=[sandbox.pk])).status_code == 404
        assert client.post(reverse("sharing:make", args=[sandbox.pk])).status_code == 404
    client.force_login(learner)
    share = shares.make(sandbox)
    client.force_login(stranger)
    assert client.post(reverse("sharing:withdraw", args=[sandbox.pk, share.token])).status_code == 404
    assert shares.find(share.token)


def test_the_owner_makes_a_link_and_withdraws_it(client, sandbox, learner):
    client.force_login(learner)
    panel = reverse("sharing:panel", args=[sandbox.pk])
    assert "Make a link" in client.get(panel).content.decode()
    shown = client.post(reverse("sharing:make", args=[sandbox.pk]), {"title": "Look <here>"}).content.decode()
    share = Share.objects.get()
    assert f"http://testserver/shared/{share.token}/" in shown
    assert "Look &lt;here&gt;" in shown
    page = client.get(reverse("sharing:shared", args=[share.token]))
    assert page.status_code == 200
    assert page["X-Robots-Tag"] == "noindex"
    assert "This is your own link." in page.content.decode()
    shown = client.post(reverse("sharing:withdraw", args=[sandbox.pk, share.token])).content.decode()
    assert "The link leads nowhere any more." in shown
    assert share.token not in shown
    assert client.get(reverse("sharing:shared", args=[share.token])).status_code == 404
    assert client.post(reverse("sharing:copy", args=[share.token])).status_code == 404
    share.refresh_from_db()
    assert bytes(share.data) == b"", "what it carried is deleted"


def test_a_guest_opens_a_link_and_has_a_copy(client, sandbox):
    Command.objects.create(sandbox=sandbox, number=1, terminal="1", line="kubectl get <pods>", started_us=1)
    share = shares.make(sandbox, "Mine")
    users = User.objects.count()
    shown = client.get(reverse("sharing:shared", args=[share.token])).content.decode()
    assert "kubectl get &lt;pods&gt;" in shown
    assert sandbox.owner.username not in shown
    assert User.objects.count() == users, "looking makes no guest"
    answer = client.post(reverse("sharing:copy", args=[share.token]))
    copy = Sandbox.objects.exclude(pk=sandbox.pk).get()
    assert answer["Location"] == reverse("console:workspace", args=[copy.pk])
    assert (copy.owner.is_guest, copy.title) == (True, "Mine")
    chinese = client.get(reverse("sharing:shared", args=[share.token]), headers={"accept-language": "zh-hans"})
    assert "打开一份副本" in chinese.content.decode()


def test_a_link_is_made_by_a_post_alone(client, sandbox, learner):
    client.force_login(learner)
    assert client.get(reverse("sharing:make", args=[sandbox.pk])).status_code == 405
    share = shares.make(sandbox)
    assert client.get(reverse("sharing:copy", args=[share.token])).status_code == 405


def test_there_is_a_limit_on_links_and_on_how_fast_they_are_made(client, sandbox, monkeypatch):
    monkeypatch.setattr(shares, "MAX_LINKS_PER_HOUR", 2)
    shares.withdraw(sandbox, shares.make(sandbox).token)
    shares.make(sandbox)
    with pytest.raises(LimitError, match=r"^You have made 2 links within the hour: make the next one later\.$"):
        shares.make(sandbox)
    client.force_login(sandbox.owner)
    refused = client.post(reverse("sharing:make", args=[sandbox.pk]))
    assert refused.status_code == 409
    assert "You have made 2 links within the hour" in refused.content.decode()
    monkeypatch.setattr(shares, "MAX_LINKS_PER_USER", 1)
    with pytest.raises(LimitError, match=r"^You have 1 links, as many as there may be: withdraw one first\.$"):
        shares.make(sandbox)


def test_there_is_a_limit_on_how_often_a_link_is_opened_and_on_sandboxes(sandbox, stranger, monkeypatch):
    share = shares.make(sandbox)
    monkeypatch.setattr(shares, "MAX_COPIES_PER_HOUR", 2)
    shares.take_copy(share, stranger)
    monkeypatch.setattr(limits, "MAX_SANDBOXES_PER_USER", 1)
    with pytest.raises(LimitError, match="you have 1 sandboxes"):
        shares.take_copy(share, stranger)
    shares.take_copy(share, User.objects.create_user("another"))
    with pytest.raises(LimitError, match="has to rest"):
        shares.take_copy(share, User.objects.create_user("a third"))


@pytest.mark.asyncio
async def test_of_too_long_a_history_the_present_state_alone_is_carried(site, sandbox, learner, stranger, monkeypatch):
    browser = await worked_on(site, sandbox, learner)
    monkeypatch.setattr(packing, "MAX_REVISIONS", 3)
    other = await site.browser(shares.take_copy(shares.make(sandbox), stranger), stranger)
    assert {pod["name"] for pod in other.pods().values()} == {pod["name"] for pod in browser.pods().values()}
    assert await other.run("undo") == "That is so long ago that it is no longer kept.\n"
    monkeypatch.setattr(packing, "MAX_BYTES", 1000)
    with pytest.raises(LimitError, match="a link carries at most 1 KiB"):
        shares.make(sandbox)


def test_what_was_folded_is_carried_too(sandbox, stranger):
    store = journal.StoreSnapshot(7, [journal.KeyValue("/registry/namespaces/a", {"kind": "Namespace"}, 3, 7)])
    sandbox.snapshots.create(revision=7, time_us=1, data=journal.pack(store))
    Revision.objects.create(sandbox=sandbox, revision=8, time_us=2, key="/registry/namespaces/b", value=b"{}", step=1)
    Sandbox.objects.filter(pk=sandbox.pk).update(revision=8)
    copy = shares.take_copy(shares.make(sandbox), stranger)
    assert journal.read_store(copy.pk) == journal.read_store(sandbox.pk)


def test_a_command_that_ran_is_closed_in_the_copy(sandbox, stranger):
    command = Command.objects.create(sandbox=sandbox, number=1, terminal="1", line="kubectl get pods -w", started_us=1)
    OutputChunk.objects.create(command=command, number=0, stream="stdout", text="NAME\n")
    copied = shares.take_copy(shares.make(sandbox), stranger).commands.get()
    assert (copied.exit_code, copied.printed, copied.user) == (130, "NAME\n", None)


def test_deleting_the_sandbox_ends_its_links(sandbox, learner):
    token = shares.make(sandbox).token
    gateway.delete(sandbox.pk, learner)
    with pytest.raises(shares.ShareNotFound):
        shares.find(token)
