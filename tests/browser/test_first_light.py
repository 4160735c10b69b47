"""A learner's first ten minutes, in a real browser: from the front page to a StatefulSet that shrinks in order."""

from __future__ import annotations

import itertools
import json
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.workspace import ROLLOUT_MS, open_workspace

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: nginx-deployment
  labels:
    app: nginx
spec:
  replicas: 3
  selector:
    matchLabels:
      app: nginx
  template:
    metadata:
      labels:
        app: nginx
    spec:
      containers:
      - name: nginx
        image: nginx:1.7.9
        ports:
        - containerPort: 80
"""
STATEFUL_SET = """\
apiVersion: v1
kind: Service
metadata:
  name: nginx
spec:
  clusterIP: None
  selector:
    app: web
  ports:
  - port: 80
    name: web
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: nginx
  replicas: 2
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: nginx
        image: nginx
"""
# Notes every picture of the pods that the live view shows: [name, state, revision] of each, whenever one changes.
RECORD = """() => {
  window.pictures = [];
  const drawing = document.querySelector('[data-drawing]');
  const look = () => {
    const pods = [...drawing.querySelectorAll('g.pod:not(.is-leaving)')].map(g => {
      const revision = /, (r\\d+)/.exec(g.getAttribute('aria-label') ?? '');
      return [g.dataset.key.split('/').pop(), g.dataset.state, revision ? revision[1] : ''];
    });
    const text = JSON.stringify(pods.sort());
    if (text !== window.pictures.at(-1)) window.pictures.push(text);
  };
  new MutationObserver(look).observe(drawing, {subtree: true, childList: true, attributes: true});
  look();
}"""
Picture = list[list[str]]


def record(page: Page) -> None:
    page.evaluate(RECORD)


def pictures_of(page: Page) -> list[Picture]:
    return [json.loads(text) for text in page.evaluate("window.pictures")]


def counts(picture: Picture, revision: str) -> tuple[int, int]:
    """(pods that are not on their way out, ready pods) of a revision."""
    living = [pod for pod in picture if pod[2] == revision and pod[1] != "terminating"]
    return len(living), sum(pod[1] == "ready" for pod in living)


def test_the_first_ten_minutes(page: Page) -> None:
    workspace = open_workspace(page)

    # A pasted manifest becomes three running pods.
    workspace.paste("mine.yaml", MANIFEST)
    workspace.apply()
    workspace.says("deployment.apps/nginx-deployment created")
    expect(workspace.pods()).to_have_count(3, timeout=ROLLOUT_MS)
    workspace.type("kubectl get pods")
    workspace.says("1/1     Running")

    # A new image rolls out pod by pod: never fewer than three available, never more than four.
    record(page)
    workspace.type("kubectl set image deployment nginx-deployment nginx=nginx:1.9.1")
    workspace.says("deployment.apps/nginx-deployment image updated")
    expect(workspace.pods(label=", r2")).to_have_count(3, timeout=ROLLOUT_MS)
    expect(page.locator("[data-drawing] g.pod:not(.is-leaving)")).to_have_count(3, timeout=ROLLOUT_MS)
    pictures = pictures_of(page)
    steps: list[tuple[int, int]] = []
    for picture in pictures:
        (old, old_ready), (new, new_ready) = counts(picture, "r1"), counts(picture, "r2")
        assert old + new <= 4, picture
        assert old_ready + new_ready >= 3, picture
        if not steps or steps[-1] != (old, new):
            steps.append((old, new))
    assert steps[0] == (3, 0)
    assert steps[-1] == (0, 3)
    assert {(3, 1), (2, 2), (1, 3)} <= set(steps), steps

    # And back.
    workspace.type("kubectl rollout undo deployment/nginx-deployment")
    workspace.says("deployment.apps/nginx-deployment rolled back")
    expect(workspace.pods(label=", r3")).to_have_count(3, timeout=ROLLOUT_MS)

    # A StatefulSet grows and shrinks in the order of its ordinals.
    workspace.type("kubectl delete deployment nginx-deployment")
    expect(page.locator("[data-drawing] g.pod:not(.is-leaving)")).to_have_count(0, timeout=ROLLOUT_MS)
    workspace.paste("web.yaml", STATEFUL_SET)
    workspace.apply()
    workspace.says("statefulset.apps/web created")
    expect(workspace.pods()).to_have_count(2, timeout=ROLLOUT_MS)
    record(page)
    workspace.type("kubectl scale statefulset web --replicas=5")
    expect(workspace.pods()).to_have_count(5, timeout=ROLLOUT_MS)
    assert order_of_appearance(pictures_of(page)) == ["web-2", "web-3", "web-4"]
    record(page)
    workspace.type("kubectl scale statefulset web --replicas=3")
    expect(page.locator("[data-drawing] g.pod:not(.is-leaving)")).to_have_count(3, timeout=ROLLOUT_MS)
    assert order_of_departure(pictures_of(page)) == ["web-4", "web-3"]


def names(picture: Picture) -> list[str]:
    return [pod[0] for pod in picture]


def order_of_appearance(pictures: list[Picture]) -> list[str]:
    """Pods in the order in which they came, each only once all of a lower ordinal were ready."""
    seen, came = set(names(pictures[0])), []
    for picture in pictures[1:]:
        for name, _, _ in picture:
            if name not in seen:
                assert all(state == "ready" for other, state, _ in picture if other < name), picture
                seen.add(name)
                came.append(name)
    return came


def order_of_departure(pictures: list[Picture]) -> list[str]:
    """Pods in the order in which they went."""
    gone: list[str] = []
    for before, picture in itertools.pairwise(pictures):
        gone += [name for name in names(before) if name not in names(picture)]
    return gone


def test_a_killed_server_loses_nothing_and_the_rollout_goes_on(page: Page, server: Any) -> None:
    workspace = open_workspace(page)
    workspace.paste("mine.yaml", MANIFEST.replace("replicas: 3", "replicas: 8"))
    workspace.apply()
    expect(workspace.pods()).to_have_count(8, timeout=ROLLOUT_MS)
    workspace.type("kubectl set image deployment nginx-deployment nginx=nginx:1.9.1")
    workspace.says("image updated")
    expect(workspace.pods(label=", r2").first).to_be_attached(timeout=ROLLOUT_MS)
    server.kill()
    server.start()
    page.reload()
    # The files, the terminal's history and the rollout are all there.
    expect(page.get_by_role("tab", name="mine.yaml")).to_be_visible()
    workspace.says("kubectl set image deployment nginx-deployment nginx=nginx:1.9.1")
    workspace.says("image updated")
    expect(workspace.pods(label=", r2")).to_have_count(8, timeout=ROLLOUT_MS)
    expect(page.locator("[data-drawing] g.pod:not(.is-leaving)")).to_have_count(8, timeout=ROLLOUT_MS)
