"""`nslookup`, `dig`, `host`: names, asked as each of them asks and printed as each prints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cluster_engine.containers.network.fabric import Answer, Record
from cluster_engine.containers.network.resolver import candidates, config_of, is_address, query
from cluster_engine.containers.programs.options import UsageFault, arguments, checked
from cluster_engine.containers.runner import Program

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

_KINDS = ("A", "AAAA", "SRV", "CNAME", "PTR", "TXT", "NS", "MX", "SOA", "ANY")
TIMED_OUT = ";; connection timed out; no servers could be reached\n"


def reverse_name(address: str) -> str:
    """`1.0.96.10.in-addr.arpa` of `10.96.0.1`."""
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"


@checked
def nslookup(process: Process) -> Program:
    kinds = [word.partition("=")[2].upper() for word in process.argv[1:] if re.match(r"-(query|type|q|t)=", word)]
    words = [word for word in process.argv[1:] if not word.startswith("-")]
    if not words:
        raise UsageFault("usage: nslookup HOST [SERVER]")
    config = config_of(process.container)
    server = words[1] if len(words) > 1 else next(iter(config.servers), "127.0.0.1")
    plan = process.container.plan
    if plan.image.endswith("/busybox") and re.match(r"1\.(1\d|2[0-8])(\D|$)", plan.tag):
        return (yield from _old_busybox(process, words[0], server))
    busybox = plan.family in ("busybox", "alpine", "any")
    name, kind = words[0], kinds[0] if kinds else "A"
    if is_address(name):
        name, kind = reverse_name(name) + ".", "PTR"
    full_names = candidates(config, name)
    if busybox:
        # Its newer versions search only for names without a dot, and then ask for every domain.
        full_names = [name.rstrip(".")] if "." in name else [f"{name}.{domain}" for domain in config.search] or [name]
    answers: list[tuple[str, Answer]] = []
    for full in full_names:
        answer = query(process.container, server, full, kind)
        answers.append((full, answer))
        if answer.status == "TIMEOUT":
            yield process.sleep(10)
            process.out(TIMED_OUT + ("\n" if busybox else ""))
            return 1
        if not busybox and answer.records:
            break
    process.out(f"Server:\t\t{server}\nAddress:\t{server}{':' if busybox else '#'}53\n\n")
    if not busybox and not answers[-1][1].records:
        answers = answers[-1:] if answers[-1][1].status != "NXDOMAIN" else [(name.rstrip("."), answers[-1][1])]
    code = 0
    for full, answer in answers if busybox else answers[-1:]:
        code |= _print_answer(process, full, answer, busybox=busybox)
    return code


def _print_answer(process: Process, full: str, answer: Answer, *, busybox: bool) -> int:
    if answer.status != "NOERROR":
        process.out(f"** server can't find {full}: {answer.status}\n\n")
        return 1
    if not answer.records:
        process.out(f"*** Can't find {full}: No answer\n\n")
        return int(not busybox)
    for record in answer.records:
        if record.kind in ("A", "AAAA"):
            process.out(f"Name:\t{record.name}\nAddress: {record.value}\n")
        elif record.kind == "CNAME":
            process.out(f"{record.name}\tcanonical name = {record.value}{'' if busybox else '.'}\n")
        elif record.kind == "PTR":
            process.out(f"{record.name}\tname = {record.value}{'' if busybox else '.'}\n")
        elif record.kind == "SRV":
            process.out(f"{record.name}\tservice = {record.value}{'' if busybox else '.'}\n")
    process.out("\n")
    return 0


def _old_busybox(process: Process, name: str, server: str) -> Program:
    """Busybox up to 1.28, which the documentation recommends."""
    container = process.container
    pointer = query(container, server, reverse_name(server), "PTR")
    known = f" {pointer.records[0].value}" if pointer.records else ""
    process.out(f"Server:    {server}\nAddress 1: {server}{known}\n\n")
    if pointer.status == "TIMEOUT":
        yield process.sleep(10)
    addresses: list[str] = []
    if is_address(name):
        addresses = [name]
    else:
        for full in candidates(config_of(container), name):
            answer = query(container, server, full, "A")
            addresses = [record.value for record in answer.records if record.kind == "A"]
            if addresses:
                break
    if not addresses:
        process.err(f"nslookup: can't resolve '{name}'\n")
        return 1
    process.out(f"Name:      {name}\n")
    for index, address in enumerate(addresses, 1):
        back = query(container, server, reverse_name(address), "PTR")
        known = f" {back.records[0].value}" if back.records else ""
        process.out(f"Address {index}: {address}{known}\n")
    return 0


@checked
def dig(process: Process) -> Program:
    name, kind, server, flags = _dig_arguments(arguments(process))
    config = config_of(process.container)
    server = server or next(iter(config.servers), "127.0.0.1")
    answer, full = Answer("NXDOMAIN"), name.rstrip(".")
    for full in candidates(config, name) if "search" in flags else [name.rstrip(".")]:
        answer = query(process.container, server, full, kind)
        if answer.records:
            break
    if answer.status == "TIMEOUT":
        yield process.sleep(15)
        process.out(f";; communications error to {server}#53: timed out\n;; no servers could be reached\n")
        return 9
    if "short" in flags:
        process.out("".join(f"{_value(record)}\n" for record in answer.records))
        return 0
    if "noall" not in flags:
        number = process.pod.rng.choice_index(65536)
        process.out(
            f"\n; <<>> DiG 9.18.28 <<>> {' '.join(arguments(process))}\n;; global options: +cmd\n;; Got answer:\n"
            f";; ->>HEADER<<- opcode: QUERY, status: {answer.status}, id: {number}\n"
            f";; flags: qr aa rd; QUERY: 1, ANSWER: {len(answer.records)}, AUTHORITY: 0, ADDITIONAL: 1\n\n"
            f";; QUESTION SECTION:\n;{full}.\t\tIN\t{kind}\n\n"
        )
        if answer.records:
            process.out(";; ANSWER SECTION:\n")
    process.out(
        "".join(f"{record.name}.\t{record.ttl}\tIN\t{record.kind}\t{_value(record)}\n" for record in answer.records)
    )
    if "noall" not in flags:
        process.out(f"\n;; Query time: 0 msec\n;; SERVER: {server}#53({server}) (UDP)\n\n")
    return 0


def _dig_arguments(words: list[str]) -> tuple[str, str, str, set[str]]:
    """(name, kind, server, flags)."""
    name, kind, server = "", "A", ""
    flags: set[str] = set()
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word.startswith("@"):
            server = word[1:]
        elif word.startswith("+"):
            flags.add(word[1:])
        elif word == "-x" and queue:
            name, kind = reverse_name(queue.pop(0)), "PTR"
        elif word == "-t" and queue:
            kind = queue.pop(0).upper()
        elif word.upper() in _KINDS and (name or queue):
            kind = word.upper()
        elif not word.startswith("-"):
            name = word
    return name, kind, server, flags


def _value(record: Record) -> str:
    return record.value + ("." if record.kind in ("CNAME", "PTR", "SRV", "NS") else "")


@checked
def host(process: Process) -> Program:
    kinds = {"A"}
    words = arguments(process)
    if words[:1] == ["-t"] and len(words) > 1:
        kinds, words = {words[1].upper()}, words[2:]
    if not words:
        raise UsageFault("usage: host NAME [SERVER]")
    config = config_of(process.container)
    server = words[1] if len(words) > 1 else next(iter(config.servers), "127.0.0.1")
    kind = next(iter(kinds))
    name = words[0]
    if is_address(name):
        name, kind = reverse_name(name) + ".", "PTR"
    for full in candidates(config, name):
        answer = query(process.container, server, full, kind)
        if answer.status == "TIMEOUT":
            yield process.sleep(10)
            process.out(TIMED_OUT)
            return 1
        if answer.records:
            words_of = {
                "A": "has address",
                "SRV": "has SRV record",
                "PTR": "domain name pointer",
                "CNAME": "is an alias for",
            }
            for record in answer.records:
                process.out(f"{record.name} {words_of.get(record.kind, 'has')} {_value(record)}\n")
            return 0
    process.out(f"Host {words[0]} not found: 3(NXDOMAIN)\n")
    return 1
