"""`kubectl edit` with functions as the person at the editor."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator

import pytest

from cluster_engine.cluster import Cluster, ClusterConfig
from cluster_engine.kubectl.factory import Factory
from cluster_engine.kubectl.process import Interrupt, Output, Stream, Wait
from cluster_engine.kubectl.root import main
from cluster_engine.shell.files import MemoryFiles, TidyFiles

Edit = Callable[[str], str]


class Desk:
    """A kubectl whose host edits texts by functions, and remembers what it was asked to open."""

    def __init__(self) -> None:
        self.cluster = Cluster(ClusterConfig(seed=1, registry="any", start_seconds=1.0, stop_seconds=1.0))
        self.cluster.run_for(5)
        self.edits: list[Edit] = []
        self.offered: list[tuple[str, str]] = []
        self.files = TidyFiles(MemoryFiles())

    def _open(self, path: str, text: str) -> Generator[Wait, None, str]:
        self.offered.append((path, text))
        self.files.write(path, text)
        yield Wait(deadline_us=self.cluster.clock.now_us)
        self.files.write(path, self.edits.pop(0)(text))
        return self.files.read(path)

    def run(self, *words: str, interrupt: bool = False) -> tuple[str, str, int]:
        out: list[str] = []
        err: list[str] = []
        factory = Factory(
            self.cluster.server,
            self.cluster.clock,
            out=Output(out.append),
            err=Output(err.append),
            stdin=Stream(closed=True),
            files=self.files,
        )
        if self.edits:
            factory.open_editor = self._open
        process = main(factory, words)
        try:
            while True:
                next(process)
                self.cluster.run_for(1)
                if interrupt:
                    process.throw(Interrupt())
        except StopIteration as done:
            code = int(done.value)
        except Interrupt:
            code = 130
        return "".join(out), "".join(err), code


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.run("create", "cm", "settings", "--from-literal=color=blue")
    return desk


def color(desk: Desk) -> str:
    return desk.run("get", "cm", "settings", "-o", "jsonpath={.data.color}")[0]


def test_what_is_changed_in_the_editor_is_saved(desk: Desk) -> None:
    desk.edits = [lambda text: text.replace("color: blue", "color: red")]
    assert desk.run("edit", "cm/settings")[:2] == ("configmap/settings edited\n", "")
    path, text = desk.offered[0]
    assert re.fullmatch(r"/tmp/kubectl-edit-\d+\.yaml", path)
    assert desk.files.list() == []
    assert text.startswith("# Please edit the object below. Lines beginning with a '#' will be ignored,\n")
    assert "managedFields" not in text
    desk.edits = []
    assert color(desk) == "red"


def test_a_text_that_was_left_alone_cancels_the_edit(desk: Desk) -> None:
    desk.edits = [lambda text: text]
    assert desk.run("edit", "cm", "settings") == ("", "Edit cancelled, no changes made.\n", 0)


def test_an_empty_text_cancels_the_edit(desk: Desk) -> None:
    desk.edits = [lambda text: "# only a comment\n"]
    assert desk.run("edit", "cm", "settings") == ("", "Edit cancelled, saved file was empty.\n", 0)


def test_what_the_server_refuses_is_offered_again_with_its_words(desk: Desk) -> None:
    desk.run("create", "deployment", "web", "--image=nginx")
    desk.edits = [
        lambda text: text.replace("replicas: 1", "replicas: -1"),
        lambda text: text.replace("replicas: -1", "replicas: 2"),
    ]
    out, err, code = desk.run("edit", "deploy/web")
    assert (out, code) == ("deployment.apps/web edited\n", 0)
    assert err == 'error: deployments.apps "web" is invalid\n'
    assert "# * spec.replicas: Invalid value: -1: must be greater than or equal to 0\n" in desk.offered[1][1]


def test_giving_up_after_a_refusal_changes_nothing_and_keeps_the_file(desk: Desk) -> None:
    desk.edits = [lambda text: text.replace("color: blue", "color: [1"), lambda text: text]
    out, err, code = desk.run("edit", "cm/settings")
    path = desk.files.list()[0]
    assert (out, code) == ("", 1)
    assert err == (
        'error: configmaps "settings" is invalid\n'
        f'A copy of your changes has been stored to "/{path}"\n'
        "error: Edit cancelled, no valid changes were saved.\n"
    )
    assert "color: [1" in desk.files.read(path)
    assert (
        '# configmaps "settings" was not valid:\n# * <nil>: Invalid value: "The edited file failed'
        in desk.offered[1][1]
    )
    desk.edits = []
    assert color(desk) == "blue"


def test_another_name_is_refused_and_the_file_kept(desk: Desk) -> None:
    desk.edits = [lambda text: text.replace("name: settings", "name: others")]
    _, err, code = desk.run("edit", "cm/settings")
    assert err.endswith("error: At least one of apiVersion, kind and name was changed\n")
    assert (err.count("A copy of your changes has been stored to"), code) == (1, 1)


def test_several_objects_are_one_list_and_those_left_alone_are_skipped(desk: Desk) -> None:
    desk.run("create", "cm", "others", "--from-literal=shape=round")
    desk.edits = [lambda text: text.replace("shape: round", "shape: square")]
    out, err, code = desk.run("edit", "cm/settings", "cm/others")
    assert (out, err, code) == ("configmap/settings skipped\nconfigmap/others edited\n", "", 0)
    assert "\nkind: List\nmetadata: {}\n" in desk.offered[0][1]


def test_without_an_editor_edit_says_what_to_do_instead(desk: Desk) -> None:
    out, err, code = desk.run("edit", "cm/settings")
    assert (out, code) == ("", 1)
    assert err.startswith("error: there is no editor here: change the object by `kubectl apply`")
