"""Shells and small programs inside containers, in tables of what the real ones print."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cluster_engine.containers import binaries
from cluster_engine.containers.servers.registry import PROGRAMS
from cluster_engine.kubelet.images import catalogue
from tests.engine.containers.support import Pod, Result

RECORDED = yaml.safe_load((Path(__file__).parent / "data" / "dash.yaml").read_text())


@pytest.mark.parametrize("step", RECORDED, ids=[step["run"][:60] for step in RECORDED])
def test_debians_shell_prints_what_dash_printed(step):
    wanted = Result(step.get("stdout", ""), step.get("stderr", ""), step.get("exit", 0))
    assert Pod(family="debian", tag="12").sh(step["run"]) == wanted


def test_every_program_of_an_image_is_there():
    for family, names in binaries.FAMILIES.items():
        assert [name for name in names if name not in PROGRAMS] == [], family
    for image in catalogue().values():
        if image.inside is not None:
            assert [name for name in image.inside.programs.values() if name not in PROGRAMS] == [], image.repository


def run(family: str, script: str) -> tuple[str, str, int]:
    result = Pod(family=family, tag="1.36").sh(script)
    return result.out, result.err, result.code


@pytest.mark.parametrize(
    ("family", "script", "wanted"),
    [
        # What each shell says of the same mistakes.
        ("busybox", "nope", ("", "sh: nope: not found\n", 127)),
        ("debian", "nope", ("", "sh: 1: nope: not found\n", 127)),
        ("debian", "bash -c nope", ("", "bash: line 1: nope: command not found\n", 127)),
        ("busybox", "cat < /nope", ("", "sh: can't open /nope: no such file\n", 1)),
        ("debian", "cat < /nope", ("", "sh: 1: cannot open /nope: No such file\n", 2)),
        ("debian", "bash -c 'cat < /nope'", ("", "bash: line 1: /nope: No such file or directory\n", 1)),
        ("busybox", "echo > /no/pe", ("", "sh: can't create /no/pe: nonexistent directory\n", 1)),
        ("debian", "echo > /no/pe", ("", "sh: 1: cannot create /no/pe: Directory nonexistent\n", 2)),
        ("busybox", "cd /nope", ("", "sh: cd: can't cd to /nope: No such file or directory\n", 2)),
        ("debian", "bash -c 'cd /nope'", ("", "bash: line 1: cd: /nope: No such file or directory\n", 1)),
        ("busybox", "set -u; echo $x", ("", "sh: x: parameter not set\n", 2)),
        ("debian", "bash -uc 'echo $x'", ("", "bash: line 1: x: unbound variable\n", 1)),
        ("busybox", "echo $((1/0))", ("", "sh: divide by zero\n", 2)),
        ("debian", "bash -c 'echo $((1/0))'", ("", 'bash: line 1: 1/0: division by 0 (error token is "0")\n', 1)),
        ("busybox", "echo -e 'a\\tb'", ("a\tb\n", "", 0)),
        ("debian", "bash -c 'echo -e \"a\\tb\"; echo \"a\\tb\"'", ("a\tb\na\\tb\n", "", 0)),
        # What busybox and coreutils say.
        ("busybox", "cat /nope", ("", "cat: can't open '/nope': No such file or directory\n", 1)),
        ("debian", "cat /nope", ("", "cat: /nope: No such file or directory\n", 1)),
        ("busybox", "ls /nope", ("", "ls: /nope: No such file or directory\n", 1)),
        ("debian", "ls /nope", ("", "ls: cannot access '/nope': No such file or directory\n", 2)),
        ("busybox", "rm /nope", ("", "rm: can't remove '/nope': No such file or directory\n", 1)),
        ("debian", "rm /nope", ("", "rm: cannot remove '/nope': No such file or directory\n", 1)),
        ("busybox", "mkdir /tmp", ("", "mkdir: can't create directory '/tmp': File exists\n", 1)),
        ("debian", "mkdir /tmp", ("", "mkdir: cannot create directory '/tmp': File exists\n", 1)),
        ("busybox", "cd /tmp; touch a; mv -v a b; rm -v b; mkdir -v d", ("'a' -> 'b'\nremoved 'b'\ncreated directory: 'd'\n", "", 0)),
        ("debian", "cd /tmp; touch a; mv -v a b; rm -v b; mkdir -v d; rm -rv d", ("renamed 'a' -> 'b'\nremoved 'b'\nmkdir: created directory 'd'\nremoved directory 'd'\n", "", 0)),
        ("busybox", "cp -v /etc/group /tmp/g", ("'/etc/group' -> '/tmp/g'\n", "", 0)),
        ("busybox", "id", ("uid=0(root) gid=0(root) groups=0(root)\n", "", 0)),
        ("busybox", "ps | head -n 2", ("PID   USER     TIME  COMMAND\n    1 root      0:00 sleep infinity\n", "", 0)),
        ("busybox", "printf 'a 1\\nb 2\\n' | awk '{s += $2} END {print s, NR}'", ("3 2\n", "", 0)),
        ("busybox", "awk -F: -v n=0 '$3 == n {print $1; exit 4}' /etc/passwd", ("root\n", "", 4)),
        ("busybox", "seq 3 | xargs -n2 echo", ("1 2\n3\n", "", 0)),
        ("busybox", "getopts ab: o -b val; echo $o $OPTARG $OPTIND", ("b val 3\n", "", 0)),
        ("busybox", "while getopts xy: o -x -yz rest; do echo $o $OPTARG; done; echo $OPTIND", ("x\ny z\n3\n", "", 0)),
    ],
)  # fmt: skip
def test_each_family_has_its_own_words(family, script, wanted):
    assert run(family, script) == wanted


def test_listings_have_the_columns_of_their_family():
    script = "cd /tmp; echo hello > f; mkdir d; ln -s f l; ls -l"
    assert run("busybox", script)[0] == (
        "total 8\n"
        "drwxr-xr-x    2 root     root          4096 Jan  1 00:00 d\n"
        "-rw-r--r--    1 root     root             6 Jan  1 00:00 f\n"
        "lrwxrwxrwx    1 root     root             1 Jan  1 00:00 l -> f\n"
    )
    assert run("debian", script)[0] == (
        "total 8\n"
        "drwxr-xr-x 2 root root 4096 Jan  1 00:00 d\n"
        "-rw-r--r-- 1 root root    6 Jan  1 00:00 f\n"
        "lrwxrwxrwx 1 root root    1 Jan  1 00:00 l -> f\n"
    )


def test_an_inode_has_the_same_number_each_time():
    first, again, other = (run("busybox", f"ls -idlh {path}")[0].split()[0] for path in ("/tmp", "/tmp", "/etc"))
    assert first == again != other
    assert run("busybox", "ls -idlh /tmp")[0].split()[5] == "4.0K"
