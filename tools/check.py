"""Run everything that must be green, one part after another, and say at the end which parts are not.

    python tools/check.py [ruff] [mypy] [messages] [layers] [engine] [site] [browser]
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [sys.executable, "-m", "pytest", "-q"]
# What is not the engine's own is the site's; a new test folder is therefore never left out.
SITE = ("accounts", "classrooms", "console", "curriculum", "sandboxes", "site", "kubeapi", "tools")
TESTS = ROOT / "tests"
PROGRAMS = {
    # what: (names of the program, Debian's package)
    "Chromium": (("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"), "chromium"),
    "kubectl": (("kubectl",), "kubernetes-client"),
}


def parts() -> dict[str, list[list[str]]]:
    """Return the commands of each part."""
    folders = sorted(p.name for p in TESTS.iterdir() if p.is_dir() and any(p.rglob("test_*.py")))
    engine = [f"tests/{name}" for name in folders if name not in (*SITE, "browser")]
    loose = sorted(f"tests/{p.name}" for p in TESTS.glob("test_*.py") if p.name != "test_layers.py")
    site = [f"tests/{name}" for name in folders if name in SITE]
    return {
        "ruff": [[sys.executable, "-m", "ruff", "check", "."]],
        "mypy": [[sys.executable, "-m", "mypy"]],
        "messages": [[sys.executable, "tools/messages.py", "check"]],
        "layers": [[*PYTEST, "tests/test_layers.py"]],
        "engine": [[*PYTEST, *engine, *loose]] if engine or loose else [],
        "site": [[*PYTEST, *site]] if site else [],
        "browser": [[*PYTEST, "tests/browser"]] if "browser" in folders else [],
    }


def apt_prefix() -> list[str] | None:
    """Return how apt-get may be called here, or None when it may not."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def install_programs() -> list[str]:
    """Install the programs that the tests drive, where that may be done; return a line for each still missing."""
    absent = {what: entry for what, entry in PROGRAMS.items() if not any(shutil.which(name) for name in entry[0])}
    if not absent:
        return []
    packages = [package for _, package in absent.values()]
    prefix = apt_prefix()
    if prefix is not None:
        print(f"installing {' and '.join(absent)} through apt …", flush=True)
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            command = [*prefix, "apt-get", "-qq", *arguments]
            subprocess.run(command, env=env, check=False, stdout=subprocess.DEVNULL)
    return [
        f"{what} is missing: install it (Debian, Ubuntu: apt install {package}), then run make test again."
        for what, (names, package) in absent.items()
        if not any(shutil.which(name) for name in names)
    ]


def main() -> int:
    """Run the parts that are named, or all; return 1 when any of them failed."""
    wanted = sys.argv[1:]
    known = parts()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"no such part: {', '.join(unknown)} (there are: {', '.join(known)})", file=sys.stderr)
        return 2
    missing = install_programs() if not wanted or "browser" in wanted or "engine" in wanted else []
    results: list[tuple[str, bool, float]] = []
    for name in wanted or known:
        print(f"--- {name}", flush=True)
        started = time.monotonic()
        # Every command runs, also after one that failed: one look shows all that is wrong.
        passed = all([subprocess.run(command, cwd=ROOT, check=False).returncode == 0 for command in known[name]])  # noqa: C419
        results.append((name, passed, time.monotonic() - started))
    print("---")
    for name, passed, seconds in results:
        print(f"{'passed' if passed else 'FAILED'}  {name} ({seconds:.0f} s)")
    for line in missing:
        print(line, file=sys.stderr)
    return 0 if all(passed for _, passed, _ in results) and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
