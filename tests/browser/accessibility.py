"""axe-core on a page: which rules of WCAG 2.2 A and AA, and of good practice, are not kept."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
MISSING = "axe-core is missing: make test installs it (npm ci in frontend/)"
RUN = """() => axe.run(document, {resultTypes: ['violations'], runOnly: {type: 'tag', values: [
  'wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}})"""


def violations(page: Page) -> list[str]:
    """What is wrong: the rule, what it asks for, and where it is not kept."""
    assert AXE.exists(), MISSING
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate(RUN)
    return [
        f"{violation['id']}: {violation['help']}: {node['target']} {node['html'][:160]}: {node['failureSummary'][:300]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
