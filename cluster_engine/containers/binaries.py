"""Which programs images of each kind have, and where; and what stands in the file of a simulated program."""

from __future__ import annotations

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MAGIC = b"\x7fELF\x02\x01\x01\x00simulated:"
_IN_BIN = frozenset(
    (
        "ash base64 bash busybox cat chgrp chmod chown cp date dd df dmesg echo egrep false fgrep grep gunzip gzip "
        "hostname kill ln ls mkdir mktemp more mount mv nice pidof ping printenv ps pwd rm rmdir sed sh sleep stat "
        "stty sync tar touch true umount uname usleep watch zcat"
    ).split()
)
_IN_SBIN = frozenset("ifconfig ip nologin route".split())
_COREUTILS = (
    "[ base64 basename cat chgrp chmod chown cp cut date dd df dirname du echo env expr false fold head hostname "
    "id ln ls md5sum mkdir mktemp mv nl nohup nproc od paste printenv printf pwd readlink realpath rm rmdir "
    "seq sha1sum sha256sum sleep sort stat stty sync tac tail tee test timeout touch tr true tty uname uniq "
    "usleep wc which whoami yes"
).split()
_BUSYBOX = (
    _COREUTILS
    + (
        "ash awk busybox clear diff dmesg egrep fgrep find free grep gunzip gzip hexdump httpd ifconfig ip kill "
        "killall less more mount nc netstat nice nologin nslookup pgrep pidof ping pkill ps rev route sed sh tar "
        "telnet top umount uptime watch wget xargs zcat"
    ).split()
)
_DEBIAN = (
    _COREUTILS
    + (
        "apt-get awk bash dash diff dpkg egrep fgrep find grep gunzip gzip more mount nice rev sed sh tar umount xargs "
        "zcat"
    ).split()
)
_PROCPS = "clear free kill less pgrep pidof pkill ps top uptime watch".split()
FAMILIES: dict[str, list[str]] = {
    "scratch": [],
    "busybox": _BUSYBOX,
    "alpine": [*_BUSYBOX, "apk"],
    "debian": _DEBIAN,
    "debian-full": [*_DEBIAN, *_PROCPS, "curl", "wget"],
    "redhat": [*_DEBIAN, *_PROCPS, "curl", "rpm", "yum"],
    # An image that nobody knows: a shell and the usual tools.
    "any": [*_BUSYBOX, "bash", "curl"],
    "network": [*_BUSYBOX, "bash", "curl", "dig", "host"],
}


def content(program: str) -> bytes:
    """What stands in the file of a simulated program."""
    return _MAGIC + program.encode() + b"\n"


def program_of(data: bytes) -> str | None:
    """Which program a file holds, or None."""
    if not data.startswith(_MAGIC):
        return None
    return data[len(_MAGIC) :].split(b"\n", 1)[0].decode("ascii", "replace")


def folder_of(program: str, family: str) -> str:
    """Where a program lies in images of that family."""
    if family == "busybox":
        return "/bin"
    if program in _IN_SBIN:
        return "/sbin"
    return "/bin" if program in _IN_BIN else "/usr/bin"
