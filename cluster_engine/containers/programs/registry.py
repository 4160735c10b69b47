"""The programs by name. Servers and their tools add theirs in `servers/registry.py`."""

from __future__ import annotations

from cluster_engine.containers.process import Main, Process
from cluster_engine.containers.programs import (
    awk,
    curl,
    dns,
    encoding,
    expr,
    filing,
    find,
    grep,
    listing,
    making,
    network,
    ownership,
    processes,
    sed,
    system,
    tar,
    text,
    wget,
)
from cluster_engine.containers.runner import Program
from cluster_engine.containers.shell.main import main as shell

PROGRAMS: dict[str, Main] = {
    "[": system.test_, "apk": system.package_manager, "apt-get": system.package_manager, "ash": shell,
    "awk": awk.awk, "base64": encoding.base64, "basename": filing.basename, "bash": shell, "cat": filing.cat,
    "chgrp": ownership.chown,
    "chmod": ownership.chmod, "chown": ownership.chown, "clear": system.clear, "cp": filing.cp, "curl": curl.curl,
    "cut": text.cut, "dash": shell, "date": system.date, "dd": filing.dd, "df": listing.df, "diff": text.diff,
    "dig": dns.dig, "dirname": filing.dirname, "dmesg": system.nothing, "dpkg": system.package_manager,
    "du": listing.du, "echo": system.echo, "egrep": grep.grep, "env": system.env, "expr": expr.expr,
    "false": system.false, "fgrep": grep.grep, "find": find.find, "fold": text.fold, "free": system.free,
    "grep": grep.grep, "gunzip": encoding.gzip, "gzip": encoding.gzip, "head": text.head, "hexdump": encoding.hexdump,
    "host": dns.host, "hostname": system.hostname, "id": system.id_, "ifconfig": network.ifconfig,
    "ip": network.ip, "kill": processes.kill, "killall": processes.pidof, "less": filing.cat, "ln": filing.ln,
    "ls": listing.ls, "md5sum": encoding.md5sum, "mkdir": filing.mkdir, "mktemp": filing.mktemp, "more": filing.cat,
    "mount": listing.mount, "mv": filing.mv, "nc": network.nc, "netstat": network.netstat, "nice": processes.nohup,
    "nl": text.nl, "nohup": processes.nohup, "nologin": system.false, "nproc": system.nproc, "nslookup": dns.nslookup,
    "od": encoding.od, "paste": text.paste, "pgrep": processes.pidof, "pidof": processes.pidof, "ping": network.ping,
    "pkill": processes.pidof, "printenv": system.printenv, "printf": system.printf, "ps": processes.ps,
    "pwd": system.pwd,
    "readlink": filing.readlink, "realpath": filing.readlink, "rev": text.rev, "rm": filing.rm,
    "rmdir": filing.rmdir, "route": network.route, "rpm": system.nothing, "sed": sed.sed, "seq": making.seq,
    "sh": shell, "sha1sum": encoding.sha1sum, "sha256sum": encoding.sha256sum, "sleep": system.sleep, "sort": text.sort,
    "stat": listing.stat, "stty": system.stty, "sync": system.nothing, "tac": text.tac, "tail": text.tail,
    "tar": tar.tar, "tee": filing.tee, "telnet": network.telnet, "test": system.test_, "timeout": processes.timeout,
    "top": processes.top, "touch": filing.touch, "tr": text.tr, "true": system.true, "tty": system.tty,
    "umount": system.false, "uname": system.uname, "uniq": text.uniq, "uptime": system.uptime,
    "usleep": system.sleep, "watch": processes.watch, "wc": text.wc, "wget": wget.wget, "which": system.which,
    "whoami": system.whoami, "xargs": making.xargs, "yes": making.yes, "yum": system.package_manager,
    "zcat": encoding.gzip,
}  # fmt: skip


def busybox(process: Process) -> Program:
    """`busybox NAME WORDS` runs the applet of that name."""
    words = process.argv[1:]
    if not words:
        process.out("BusyBox v1.36.1 multi-call binary.\n\nUsage: busybox [function [arguments]...]\n")
        return 0
    applet = PROGRAMS.get(words[0])
    if applet is None:
        process.err(f"{words[0]}: applet not found\n")
        return 127
    process.argv = words
    return (yield from applet(process))


PROGRAMS["busybox"] = busybox
