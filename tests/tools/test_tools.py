"""The helper scripts, and the server's first words."""

import importlib.util
import os
import socket
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).resolve().parent.parent.parent


def load(name):
    """Import a script of tools/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"tools_{name}", ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return the installer, with a root and a .venv of the test's own."""
    module = load("install")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path)
    return module


def test_a_fingerprint_is_of_contents_and_not_of_times(install, tmp_path):
    folder = tmp_path / "frontend"
    folder.mkdir()
    (folder / "a.ts").write_text("one")
    first = install.fingerprint(folder)
    os.utime(folder / "a.ts", (1, 1))
    assert install.fingerprint(folder) == first
    (folder / "a.ts").write_text("two")
    assert install.fingerprint(folder) != first


def test_a_fingerprint_leaves_out_what_is_made(install, tmp_path):
    folder = tmp_path / "frontend"
    (folder / "node_modules").mkdir(parents=True)
    (folder / "a.ts").write_text("one")
    first = install.fingerprint(folder)
    (folder / "node_modules" / "x.js").write_text("made")
    assert install.fingerprint(folder) == first


def test_a_part_is_made_again_when_what_it_made_is_gone(install, tmp_path):
    made = tmp_path / "made"
    made.touch()
    stamp = install.Stamp("part", "abc")
    assert stamp.is_fresh(made) is False
    stamp.set()
    assert stamp.is_fresh(made) is True
    assert install.Stamp("part", "abd").is_fresh(made) is False
    made.unlink()
    assert stamp.is_fresh(made) is False


def test_what_a_failed_command_said_is_shown_with_a_question_about_the_network(install, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(install, "LOG", tmp_path / "var" / "install.log")
    with pytest.raises(SystemExit) as caught:
        install.run(["sh", "-c", "echo getaddrinfo ENOTFOUND registry; exit 3"], "Installing", cwd=tmp_path)
    assert caught.value.code == 1
    assert capsys.readouterr().err == (
        "\nInstalling failed:\n  getaddrinfo ENOTFOUND registry\n\nIs this machine connected to the network?\n"
        "The whole of it is in var/install.log.\n"
    )


def test_every_text_has_its_translation():
    assert load("messages").missing() == []


def test_a_port_that_is_taken_is_told_with_what_to_do():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError) as caught:
            call_command("serve", "--port", str(port))
    assert str(caught.value) == (
        f"Port {port} is taken: is Podarium running already? Another one: make run PORT={port + 1}"
    )


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1", ""])
def test_what_is_no_port_is_refused(text):
    with pytest.raises(CommandError) as caught:
        call_command("serve", f"--port={text}")
    assert str(caught.value) == f"PORT={text} is not a port: it must be a number from 1 to 65535."
