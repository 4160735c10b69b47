"""The layers of docs/architecture.md hold, and the checker that says so can fail."""

from pathlib import Path

import pytest

from tests.layers import MAX_LINES, banned_calls, circles, layer_violations, long_files, read_tree

ROOT = Path(__file__).resolve().parent.parent
# Files that may be longer, each with its reason.
LONG_FILES: dict[str, str] = {}


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    return read_tree(ROOT, "cluster_engine", "playground")


def test_no_part_of_the_engine_imports_what_is_above_or_beside_it(sources):
    assert list(layer_violations(sources)) == []


def test_no_two_files_import_each_other_in_a_circle(sources):
    assert circles(sources) == []


def test_the_engine_reads_no_wall_clock_and_no_global_random_and_prints_nothing(sources):
    assert list(banned_calls(sources)) == []


def test_files_stay_short_enough_to_read(sources):
    assert list(long_files(sources, LONG_FILES)) == []
    assert [name for name in LONG_FILES if name not in sources] == []


@pytest.mark.parametrize(
    ("module", "source", "message"),
    [
        ("cluster_engine.clock", "import django.conf", "cluster_engine.clock:1 imports django.conf, which the engine must not"),
        ("cluster_engine.etcd.store", "def f():\n    from asyncio import sleep", "cluster_engine.etcd.store:2 imports asyncio, which the engine must not"),
        ("cluster_engine.rng2", "import random", "cluster_engine.rng2:1 imports random, which the engine must not"),
        ("cluster_engine", "from playground import views", "cluster_engine:1 imports playground, which the engine must not"),
        (
            "cluster_engine.controllers.deployment.sync",
            "from cluster_engine.controllers.replicaset import adopt",
            "cluster_engine.controllers.deployment.sync:1: component deployment must not import component replicaset",
        ),
        (
            "cluster_engine.controllers.deployment.sync",
            "from cluster_engine.controllers import statefulset",
            "cluster_engine.controllers.deployment.sync:1: component deployment must not import component statefulset",
        ),
        (
            "cluster_engine.kubelet.pods",
            "from cluster_engine.etcd import store",
            "cluster_engine.kubelet.pods:1: kubelet must not import etcd (cluster_engine.etcd)",
        ),
        (
            "cluster_engine.clock",
            "if TYPE_CHECKING:\n    from cluster_engine.trace import Trace",
            "cluster_engine.clock:2: clock must not import trace (cluster_engine.trace)",
        ),
        ("cluster_engine.newpart.x", "import cluster_engine.clock", "cluster_engine.newpart.x:1: newpart has no place in the table of layers"),
    ],
)  # fmt: skip
def test_an_import_against_the_layers_is_found(module, source, message):
    tree = {module: source, "cluster_engine.controllers.replicaset": "", "cluster_engine.controllers.statefulset": ""}
    assert list(layer_violations(tree)) == [message]


def test_an_import_along_the_layers_is_not_reported():
    tree = {
        "cluster_engine.controllers.deployment.sync": "from cluster_engine.client.client import Client\n"
        "from cluster_engine.controllers.deployment import rolling\n"
        "from cluster_engine.controllers.common.pods import create_pod",
        "cluster_engine.controllers.deployment.rolling": "import math",
        "cluster_engine.client.client": "from cluster_engine.apiserver.request import Request",
        "cluster_engine.rng": "import random",
        "playground.views": "import django, cluster_engine.cluster",
    }
    assert list(layer_violations(tree)) == []


def test_a_circle_is_found_and_an_import_inside_a_function_is_none():
    circle = {"p.a": "from p import b", "p.b": "import p.c", "p.c": "from p.a import f", "p.d": "import p.a", "p": ""}
    assert circles(circle) == [["p.a", "p.b", "p.c"]]
    assert circles({**circle, "p.c": "def g():\n    from p.a import f"}) == []
    assert circles({**circle, "p.c": "if TYPE_CHECKING:\n    from p.a import f"}) == []


def test_a_banned_call_is_found():
    tree = {"cluster_engine.x": "import datetime\ndatetime.datetime.now()\nprint(1)", "playground.y": "print(1)"}
    assert list(banned_calls(tree)) == ["cluster_engine.x:2 calls datetime.datetime.now()", "cluster_engine.x:3 calls print()"]


def test_a_long_file_is_found_unless_there_is_a_reason():
    tree = {"cluster_engine.x": "\n" * (MAX_LINES + 1), "cluster_engine.y": "\n" * MAX_LINES}
    message = "cluster_engine.x has 401 lines, at most 400 are good to read: split it by kind or by step"
    assert list(long_files(tree, {})) == [message]
    assert list(long_files(tree, {"cluster_engine.x": "a table"})) == []
