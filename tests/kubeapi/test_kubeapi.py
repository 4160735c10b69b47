"""A sandbox as a Kubernetes API: whose a path is, what is safe when, and the panel."""

from __future__ import annotations

import asyncio
import io
import logging
from types import SimpleNamespace

import pytest
import yaml
from daphne.access import AccessLogGenerator
from django.test import Client

from playground.kubeapi import access, access_log
from playground.sandboxes.models import Revision

pytestmark = pytest.mark.django_db(transaction=True)
MAPS = "api/v1/namespaces/default/configmaps"
NOT_FOUND = {
    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
    "message": "the server could not find the requested resource", "reason": "NotFound", "code": 404,
}  # fmt: skip


def config_map(name: str) -> dict:
    return {"metadata": {"name": name}, "data": {"a": "b"}}


async def test_the_owner_of_the_secret_does_everything(site, api, secret):
    status, made = await api.call("POST", f"/k/{secret}/{MAPS}", config_map("a"))
    assert status == 201, made
    status, listing = await api.call("GET", f"/k/{secret}/api/v1/nodes")
    assert (status, len(listing["items"])) == (200, 3)
    status, versions = await api.call("GET", f"/k/{secret}/api")
    assert versions["versions"] == ["v1"]


async def test_a_wrong_secret_is_no_path(site, api, sandbox, secret):
    other = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    for word in (other, secret[:-1], str(sandbox.pk), "", "x", "%2e%2e", "é"):
        assert await api.call("GET", f"/k/{word}/api/v1/pods") == (404, NOT_FOUND)
    assert site.lives == []


async def test_no_sandbox_has_anothers_secret(site, api, sandbox, secret, stranger):
    foreign = await asyncio.to_thread(site.gateway.create, stranger, title="Theirs", seed=8)
    theirs = await asyncio.to_thread(access.secret_of, foreign)
    await api.call("POST", f"/k/{theirs}/{MAPS}", config_map("theirs"))
    status, _ = await api.call("GET", f"/k/{secret}/{MAPS}/theirs")
    assert status == 404
    mixed = access._encode(sandbox.pk.bytes + access._decode(theirs)[1])
    assert await api.call("GET", f"/k/{mixed}/api/v1/pods") == (404, NOT_FOUND)


async def test_over_https_the_secret_is_a_bearer_token(site, api, sandbox, secret, stranger):
    path = f"/k/{sandbox.pk}/api/v1/nodes"
    status, _ = await api.call("GET", path, headers={"authorization": f"Bearer {secret}"})
    assert status == 200
    for token in ("Bearer x", "Basic x", f"Bearer {secret}x", "Bearer "):
        assert await api.call("GET", path, headers={"authorization": token}) == (404, NOT_FOUND)
    foreign = await asyncio.to_thread(site.gateway.create, stranger, title="Theirs", seed=8)
    headers = {"authorization": f"Bearer {secret}"}
    assert await api.call("GET", f"/k/{foreign.pk}/api", headers=headers) == (404, NOT_FOUND)


async def test_what_is_acknowledged_is_in_the_journal(site, api, sandbox, secret):
    seen: list[bool] = []
    key = "/registry/configmaps/default/a"
    api.on_start = lambda: seen.append(Revision.objects.filter(sandbox=sandbox, key=key).exists())
    await api.call("POST", f"/k/{secret}/{MAPS}", config_map("a"))
    assert seen == [True]
    site.crash()
    api.on_start = None
    status, _ = await api.call("GET", f"/k/{secret}/{MAPS}/a")
    assert status == 200


async def test_events_are_in_the_journal_before_they_are_told(site, api, sandbox, secret):
    async with api.watch(f"/k/{secret}/{MAPS}?watch=true&resourceVersion=0") as event:
        await event()
        await api.call("POST", f"/k/{secret}/{MAPS}", config_map("a"))
        while (told := await event())["object"]["metadata"]["name"] != "a":
            pass
        revision = int(told["object"]["metadata"]["resourceVersion"])
        rows = Revision.objects.filter(sandbox=sandbox, revision=revision)
        assert await asyncio.to_thread(rows.exists)


async def test_browsers_see_what_clients_do(site, api, sandbox, secret, learner):
    browser = await site.browser(sandbox, learner)
    await api.call("POST", f"/k/{secret}/api/v1/namespaces/default/pods", {
        "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]},
    })  # fmt: skip
    await site.pass_time(30)
    assert browser.pods()["p"]["state"] == "ready"
    step = next(step for step in browser.steps if any(w["key"] == "/registry/pods/default/p" for w in step["writes"]))
    assert step["cause"]["kind"] == "input"


async def test_a_renewed_secret_ends_the_old_one_and_what_is_open_under_it(site, api, sandbox, secret):
    async with api.watch(f"/k/{secret}/{MAPS}?watch=true") as event:
        assert await event() is not None
        fresh = await asyncio.to_thread(access.renew, sandbox)
        while (told := await event()) is not None:
            assert told["type"] == "ADDED"
    assert fresh != secret
    assert await api.call("GET", f"/k/{secret}/{MAPS}") == (404, NOT_FOUND)
    status, _ = await api.call("GET", f"/k/{fresh}/{MAPS}")
    assert status == 200


async def test_an_open_watch_keeps_the_sandbox_awake_and_a_request_does_not(site, api, secret):
    await api.call("GET", f"/k/{secret}/api")
    assert len(site.lives) == 1
    await site.pass_time(60)
    await site.worker.put_to_sleep()
    assert site.lives == []
    async with api.watch(f"/k/{secret}/{MAPS}?watch=true") as event:
        await event()
        await site.pass_time(60)
        await site.worker.put_to_sleep()
        assert len(site.lives) == 1
    assert site.lives[0].viewers == 0


async def test_a_sandbox_that_is_deleted_is_gone(site, api, sandbox, secret, learner):
    await api.call("GET", f"/k/{secret}/api")
    site.crash()
    await asyncio.to_thread(site.gateway.delete, sandbox.pk, learner)
    access.visitors._nonces.clear()
    assert await api.call("GET", f"/k/{secret}/api") == (404, NOT_FOUND)


async def test_service_accounts_have_the_rights_of_their_roles(site, api, secret):
    base = f"/k/{secret}/api/v1/namespaces/default"
    await site.pass_time(3)
    await api.call("GET", f"{base}/pods")
    await site.pass_time(3)
    status, made = await api.call("POST", f"{base}/serviceaccounts/default/token", {})
    assert status == 201
    headers = {"authorization": f"Bearer {made['status']['token']}"}
    status, refused = await api.call("GET", f"{base}/pods", headers=headers)
    assert status == 403
    assert refused["message"].startswith('pods is forbidden: User "system:serviceaccount:default:default" cannot list')
    status, _ = await api.call("GET", f"{base}/pods", headers={"authorization": "Bearer x"})
    assert status == 401


async def test_secrets_do_not_reach_the_log(site, api, secret, caplog):
    caplog.set_level(logging.DEBUG)
    await api.call("GET", f"/k/{secret}/api")
    await api.call("GET", f"/k/{secret}x/api")
    assert secret not in caplog.text
    written = io.StringIO()
    details = {"client": "127.0.0.1:1", "path": f"/k/{secret}/api?x=1", "method": "GET", "status": 200, "size": 1}
    AccessLogGenerator(written)("http", "complete", details)
    AccessLogGenerator(written)("websocket", "connected", SimpleNamespace(**details).__dict__)
    assert secret not in written.getvalue()
    assert "GET /k/-/api?x=1" in written.getvalue()
    assert access_log.masked("/sandboxes/x") == "/sandboxes/x"


# The panel.


def as_user(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_owner_gets_a_kubeconfig_and_renews_it(sandbox, learner):
    client = as_user(learner)
    base = f"/sandboxes/{sandbox.pk}/kubectl/"
    page = client.get(base)
    secret = access.secret_of(sandbox)
    assert page.status_code == 200
    assert f"http://testserver/k/{secret}" in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    file = client.get(f"{base}kubeconfig")
    config = yaml.safe_load(file.content)
    assert file.headers["Content-Disposition"] == 'attachment; filename="podarium-test.yaml"'
    assert config["clusters"][0]["cluster"] == {"server": f"http://testserver/k/{secret}"}
    assert config["users"][0]["user"] == {}
    assert config["current-context"] == "podarium-test"
    assert client.get(f"{base}renew").status_code == 405
    renewed = client.post(f"{base}renew")
    assert secret not in renewed.content.decode()
    assert access.secret_of(sandbox) in renewed.content.decode()


def test_over_https_the_kubeconfig_has_a_token(sandbox, learner):
    config = yaml.safe_load(as_user(learner).get(f"/sandboxes/{sandbox.pk}/kubectl/kubeconfig", secure=True).content)
    assert config["clusters"][0]["cluster"]["server"] == f"https://testserver/k/{sandbox.pk}"
    assert config["users"][0]["user"] == {"token": access.secret_of(sandbox)}


@pytest.mark.parametrize("name", ["", "kubeconfig", "renew"])
def test_nobody_else_gets_the_secret(sandbox, stranger, instructor, name):
    for user in (stranger, instructor):
        client = as_user(user)
        ask = client.post if name == "renew" else client.get
        assert ask(f"/sandboxes/{sandbox.pk}/kubectl/{name}").status_code == 404
    assert Client().get(f"/sandboxes/{sandbox.pk}/kubectl/").status_code == 404


def test_the_workspace_has_the_button_for_its_owner_alone(sandbox, learner, instructor):
    page = as_user(learner).get(f"/sandboxes/{sandbox.pk}/").content.decode()
    assert f'hx-get="/sandboxes/{sandbox.pk}/kubectl/"' in page
    review = as_user(instructor).get(f"/sandboxes/{sandbox.pk}/review/").content.decode()
    assert "kubectl/" not in review
    assert access.secret_of(sandbox) not in page
