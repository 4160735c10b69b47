"""What a person does while a command runs: type into it, edit what it opened, look at a port that it forwards."""

from urllib.parse import urlsplit

import pytest
from django.test import AsyncClient

from playground.sandboxes import gateway
from playground.sandboxes.models import OutputChunk

EDITED = "deployment.apps/web edited\n"


@pytest.fixture
async def browser(site, sandbox, learner):
    browser = await site.browser(sandbox, learner)
    await browser.run("kubectl create deployment web --image=nginx")
    await site.pass_time(20)
    return browser


async def pod(browser):
    (name,) = browser.pods()
    return name


async def test_lines_are_typed_into_a_command_that_reads_and_shown_to_everybody(site, browser, sandbox, learner):
    await browser.say(type="command", terminal="1", line="cat > note")
    assert browser.last("input") == {"type": "input", "terminal": "1", "mode": "line"}
    await browser.say(type="input", terminal="1", text="moss\n")
    other = await site.browser(sandbox, learner)
    assert {"type": "input", "terminal": "1", "mode": "line"} in other.heard
    await browser.say(type="input", terminal="1", text="")
    assert browser.last("input")["mode"] == "none"
    assert browser.last("file") == {"type": "file", "path": "note", "text": "moss\n"}
    assert browser.all("output")[-1]["stream"] == "stdin"
    assert OutputChunk.objects.filter(stream="stdin").values_list("text", flat=True)[0] == "moss\n"


async def test_keys_go_to_a_shell_in_a_container_which_echoes_them(browser):
    await browser.say(type="command", terminal="1", line=f"kubectl exec -it {await pod(browser)} -- sh")
    number = browser.last("started")["command"]
    assert browser.last("input")["mode"] == "keys"
    for key in "echo hi\r":
        await browser.say(type="input", terminal="1", text=key)
    assert browser.printed(number) == "# echo hi\r\nhi\r\n# "
    await browser.say(type="resize", terminal="1", columns=61, rows=17)
    await browser.say(type="input", terminal="1", text="\x03")
    await browser.say(type="input", terminal="1", text="exit 3\r")
    assert browser.last("exit")["code"] == 3
    assert browser.last("input")["mode"] == "none"


async def test_what_is_typed_where_nothing_reads_is_dropped(browser):
    await browser.say(type="input", terminal="1", text="kubectl delete deploy web\n")
    await browser.say(type="input", terminal="9", text="x")
    assert browser.all("error") == []
    assert len(browser.all("started")) == 1


async def test_a_size_beyond_reason_is_refused(browser):
    await browser.say(type="resize", terminal="1", columns=0, rows=10)
    assert browser.last("error")["message"] == "a terminal has 1 to 1000 columns and rows"


async def test_kubectl_edit_opens_the_editor_and_sends_what_was_saved(site, browser, sandbox, learner):
    await browser.say(type="command", terminal="1", line="kubectl edit deploy web")
    number = browser.last("started")["command"]
    opened = browser.last("editor")
    assert (opened["terminal"], opened["awaited"]) == ("1", True)
    file = browser.last("file")
    assert file["path"] == opened["path"]
    other = await site.browser(sandbox, learner)
    assert other.last("editor") == opened
    await browser.say(type="save", path=file["path"], text=file["text"].replace("replicas: 1", "replicas: 2"))
    await browser.say(type="close_editor", terminal="1", path=file["path"])
    assert browser.printed(number) == EDITED
    assert browser.last("file_deleted")["path"] == file["path"]
    await site.pass_time(20)
    assert len(browser.pods()) == 2


async def test_an_edit_that_is_left_changes_nothing(browser):
    await browser.say(type="command", terminal="1", line="kubectl edit deploy web")
    await browser.say(type="close_editor", terminal="1", path=browser.last("editor")["path"])
    assert browser.printed(browser.last("started")["command"]) == "Edit cancelled, no changes made.\n"


async def test_vi_opens_a_file_and_nobody_waits(browser):
    await browser.say(type="command", terminal="1", line="vi a.yaml")
    assert browser.last("editor") == {"type": "editor", "terminal": "1", "path": "a.yaml", "awaited": False}
    assert browser.last("exit")["code"] == 0


@pytest.fixture
async def forwarded(site, browser, sandbox):
    await browser.say(type="command", terminal="1", line="kubectl port-forward deploy/web 8080:80")
    await site.settle()
    return sandbox


async def look_at(site, sandbox, learner, path=""):
    client = AsyncClient()
    await client.aforce_login(learner)
    led = await client.get(f"/sandboxes/{sandbox.pk}/ports/8080/{path}")
    assert led.status_code == 302
    return await AsyncClient().get(led["Location"])


async def test_a_forwarded_port_shows_what_the_server_in_the_pod_answers(site, browser, forwarded, learner):
    ports = browser.last("ports")["ports"]
    assert ports == [{"port": 8080, "namespace": "default", "pod": await pod(browser), "pod_port": 80}]
    answer = await look_at(site, forwarded, learner)
    assert answer.status_code == 200
    assert "<h1>Welcome to nginx!</h1>" in answer.content.decode()
    assert answer["Content-Type"].startswith("text/html")
    missing = await look_at(site, forwarded, learner, "nothing?here=1")
    assert missing.status_code == 404


async def test_what_a_port_answers_may_run_no_script_and_has_no_origin(site, forwarded, learner):
    answer = await look_at(site, forwarded, learner)
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none';")
    assert "script" not in answer["Content-Security-Policy"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer


async def test_when_the_forwarding_ends_the_page_says_so(site, browser, forwarded, learner):
    await browser.say(type="interrupt", terminal="1")
    assert browser.last("ports")["ports"] == []
    answer = await look_at(site, forwarded, learner)
    assert answer.status_code == 502
    assert "Nothing listens there any more: kubectl port-forward has ended." in answer.content.decode()


async def test_a_stranger_and_an_instructor_are_led_to_no_port(site, forwarded, instructor, django_user_model):
    stranger = await django_user_model.objects.acreate(username="stranger")
    for user in (stranger, instructor):
        client = AsyncClient()
        await client.aforce_login(user)
        assert (await client.get(f"/sandboxes/{forwarded.pk}/ports/8080/")).status_code == 404
    assert (await AsyncClient().get("/ports/made-up/")).status_code == 404


async def test_the_address_of_one_port_opens_no_other(site, forwarded, learner):
    client = AsyncClient()
    await client.aforce_login(learner)
    led = await client.get(f"/sandboxes/{forwarded.pk}/ports/8080/")
    token = urlsplit(led["Location"]).path.split("/")[2]
    assert (await AsyncClient().get(f"/ports/{token[:-1]}x/")).status_code == 404
    assert gateway.worker is not None
