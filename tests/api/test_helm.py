"""Helm against a server: a chart with hooks, a custom kind and a test, from its installation to its end.

`tools/helm.py` gets a Helm where the machine has none; without one these tests are skipped.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.real import Run, Server
from tools import helm as helms

CHART = Path(__file__).with_name("chart")
HELM = helms.find()
pytestmark = pytest.mark.skipif(HELM is None, reason="there is no Helm; tools/helm.py gets one")


class Helm:
    """Helm on a server, in a namespace that it makes."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def run(self, *arguments: str) -> Run:
        done = subprocess.run(
            [str(HELM), "--namespace", "shop", *arguments],
            env=self.server.environment(), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return Run(done.stdout, done.stderr, done.returncode)

    def __call__(self, *arguments: str) -> str:
        ran = self.run(*arguments)
        assert ran.code == 0, ran
        return ran.stdout

    def history(self) -> list[tuple[int, str, str]]:
        rows: list[dict[str, Any]] = json.loads(self("history", "web", "-o", "json"))
        return [(row["revision"], row["status"], row["description"]) for row in rows]

    def hooks(self) -> set[str]:
        listed = self.server.kubectl("get jobs -n shop -o jsonpath='{.items[*].metadata.name}'").split()
        return {name.removeprefix("web-") for name in listed}

    def deployment(self) -> str:
        path = "{.spec.replicas} {.status.readyReplicas} {.spec.template.spec.containers[0].image}"
        return self.server.kubectl(f"get deployment web -n shop -o jsonpath='{path}'")

    def page(self) -> str:
        return self.server.kubectl("get --raw /api/v1/namespaces/shop/services/web/proxy/")


@pytest.fixture(scope="module")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helm]:
    server = Server(tmp_path_factory.mktemp("helm"), "--tls", "--registry", "catalogue", "--speed", "4")
    yield Helm(server)
    errors = server.errors()
    assert (server.stop(), errors) == (0, "")


def test_a_release_from_its_installation_to_its_end(helm: Helm) -> None:
    printed = helm("install", "web", str(CHART), "--wait", "--create-namespace")
    assert "STATUS: deployed\nREVISION: 1\nNOTES:\nPage of web\n" in printed
    assert helm.deployment() == "2 2 nginx:1.25"
    assert helm.hooks() == {"pre-install", "post-install"}
    assert helm.page() == "hello"
    page = helm.server.kubectl("get page web -n shop -o jsonpath='{.spec.title}'")
    version = helm.server.kubectl("get configmap web-page -n shop -o jsonpath='{.data.kube}'")
    assert (page, version) == ("hello", "v1.32.4")

    tested = helm("test", "web", "--logs")
    assert "Phase:          Succeeded\n" in tested
    assert "POD LOGS: web-test\nhello\n" in tested

    helm("upgrade", "web", str(CHART), "--set", "message=changed", "--set", "replicas=3", "--wait")
    assert helm.deployment() == "3 3 nginx:1.25"
    assert helm.hooks() == {"pre-install", "post-install", "pre-upgrade"}
    helm("rollback", "web", "1", "--wait")
    assert helm.deployment() == "2 2 nginx:1.25"
    assert helm.history() == [
        (1, "superseded", "Install complete"),
        (2, "superseded", "Upgrade complete"),
        (3, "deployed", "Rollback to 1"),
    ]

    failed = helm.run("upgrade", "web", str(CHART), "--set", "image=nginx:nosuch", "--atomic", "--timeout", "8s")
    assert failed.code == 1
    assert "release web failed, and has been rolled back due to atomic being set" in failed.stderr
    assert [status for _revision, status, _words in helm.history()][-2:] == ["failed", "deployed"]
    assert helm.deployment() == "2 2 nginx:1.25"

    assert helm("uninstall", "web") == 'release "web" uninstalled\n'
    helm.server.kubectl("wait --for=delete deployment/web -n shop --timeout=60s")
    assert "pre-delete" in helm.hooks()
    assert helm.server.kubectl("get secrets -n shop -l owner=helm") == ""
    assert json.loads(helm("list", "-A", "-o", "json")) == []


def test_what_the_schema_refuses_and_what_a_dry_run_shows(helm: Helm) -> None:
    refused = helm.run("install", "bad", str(CHART), "--set", "replicas=many", "--create-namespace")
    assert refused.code == 1
    assert 'Deployment.spec.replicas): invalid type for io.k8s.api.apps.v1.DeploymentSpec.replicas: got "string"' in (
        refused.stderr
    )
    shown = helm("install", "dry", str(CHART), "--dry-run")
    assert "STATUS: pending-install\n" in shown
    assert "kind: PodDisruptionBudget\n" in shown
    assert json.loads(helm("list", "-o", "json")) == []


def test_a_hook_that_fails_fails_the_release(helm: Helm) -> None:
    failed = helm.run("install", "web", str(CHART), "--set", "hook=false", "--create-namespace", "--timeout", "30s")
    assert failed.code == 1
    assert "failed pre-install: job failed: BackoffLimitExceeded" in failed.stderr
    words = 'Release "web" failed: failed pre-install: job failed: BackoffLimitExceeded'
    assert helm.history() == [(1, "failed", words)]
    helm("uninstall", "web", "--no-hooks")
