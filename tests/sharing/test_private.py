"""What is private is left out wherever it stands."""

import base64

import pytest

from playground.sharing.private import HIDDEN, HIDDEN_BASE64, Hider, values_of_file, values_of_secret


def b64(text):
    return base64.b64encode(text.encode()).decode()


SECRET = {"kind": "Secret", "metadata": {"name": "db"}, "data": {"password": b64("hunter22"), "pin": b64("12")}}


def test_a_secret_keeps_its_keys_and_loses_its_values():
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": '{"pin": "12"}', "note": "kept"}
    shown = Hider([]).value("/registry/secrets/default/db", SECRET | {"metadata": {"annotations": annotations}})
    assert shown["data"] == {"password": HIDDEN_BASE64, "pin": HIDDEN_BASE64}
    assert shown["metadata"]["annotations"] == {"note": "kept"}


def test_its_values_are_left_out_wherever_else_they_stand():
    hider = Hider(values_of_secret(SECRET))
    pod = {"spec": {"containers": [{"env": [{"name": "P", "value": "x-hunter22-y"}]}]}, "n": 12}
    shown = hider.value("/registry/pods/default/web", pod)
    assert shown["spec"]["containers"][0]["env"][0]["value"] == f"x-{HIDDEN}-y"
    assert shown["n"] == 12
    assert hider.text(f"password: {b64('hunter22')}") == f"password: {HIDDEN}"
    assert hider.text("12 pods") == "12 pods", "what is short stands in innocent places too"


@pytest.mark.parametrize(("line", "shown"), [
    ("kubectl create secret generic a --from-literal=pin=12 --from-literal='k=v'",
     f"kubectl create secret generic a --from-literal=pin={HIDDEN} --from-literal='k={HIDDEN}'"),
    ("kubectl create configmap a --from-literal=pin=12", "kubectl create configmap a --from-literal=pin=12"),
    ("kubectl create secret docker-registry r --docker-password=abc --docker-username=me",
     f"kubectl create secret docker-registry r --docker-password={HIDDEN} --docker-username=me"),
    ("kubectl --token=abc get pods", f"kubectl --token={HIDDEN} get pods"),
])  # fmt: skip
def test_commands_lose_what_they_put_into_secrets(line, shown):
    assert Hider([]).line(line) == shown


def test_tokens_are_left_out_of_what_was_printed():
    token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJl.c2lnbmF0dXJlLWlz"
    assert Hider([]).text(f"token: {token}\n") == f"token: {HIDDEN}\n"


def test_manifests_of_secrets_and_kubeconfigs_tell_their_values():
    manifest = "kind: Secret\nstringData: {password: correct-horse}\n---\nkind: Pod\n"
    assert "correct-horse" in set(values_of_file(manifest))
    config = "kind: Config\nusers:\n- name: me\n  user: {token: very-long-token}\n"
    assert set(values_of_file(config)) == {"very-long-token"}
    assert not list(values_of_file("kind: Secret\n  : ["))
