"""`base64`, checksums, `od`, `hexdump`, `gzip`: bytes."""

from __future__ import annotations

import base64 as b64
import hashlib
import zlib
from typing import TYPE_CHECKING

from cluster_engine.containers.programs.options import arguments, checked, inputs, number, parse
from cluster_engine.containers.runner import Program

if TYPE_CHECKING:
    from cluster_engine.containers.process import Process

MAX_UNPACKED = 16 * 1024 * 1024


@checked
def base64(process: Process) -> Program:
    options, paths = parse(arguments(process), "di", "w", long={"decode": "d", "wrap": "w"})
    found, good = yield from inputs(process, paths)
    data = b"".join(data for _, data in found)
    if "d" in options:
        try:
            process.stdout.write(b64.b64decode(b"".join(data.split()), validate=True))
        except ValueError:
            process.err("base64: invalid input\n")
            return 1
        return 0
    text = b64.b64encode(data).decode()
    width = number(options.get("w", "76"))
    process.out("".join(f"{text[i : i + width]}\n" for i in range(0, len(text), width)) if width else text)
    return int(not good)


def _digest(name: str):  # type: ignore[no-untyped-def]
    @checked
    def run(process: Process) -> Program:
        _, paths = parse(arguments(process), "cbt")
        found, good = yield from inputs(process, paths)
        for path, data in found:
            process.out(f"{hashlib.new(name, data, usedforsecurity=False).hexdigest()}  {path}\n")
        return int(not good)

    return run


md5sum, sha1sum, sha256sum, sha512sum = (_digest(name) for name in ("md5", "sha1", "sha256", "sha512"))


@checked
def od(process: Process) -> Program:
    """Bytes in hexadecimal, 16 a line."""
    paths = [word for word in arguments(process) if not word.startswith("-")]
    found, good = yield from inputs(process, [path for path in paths if process.fs.exists(path, process.cwd)])
    data = b"".join(data for _, data in found)
    for start in range(0, len(data), 16):
        process.out(f"{start:07x} {' '.join(f'{byte:02x}' for byte in data[start : start + 16])}\n")
    process.out(f"{len(data):07x}\n")
    return int(not good)


@checked
def hexdump(process: Process) -> Program:
    """Bytes in hexadecimal: 16 a line with their characters (`-C`), else as words of two."""
    options, paths = parse(arguments(process), "Cv")
    found, good = yield from inputs(process, paths)
    data = b"".join(data for _, data in found)
    canonical = "C" in options
    for start in range(0, len(data), 16):
        line = data[start : start + 16]
        process.out(f"{start:08x}{_canonical(line)}\n" if canonical else f"{start:07x}{_words(line)}\n")
    if data:
        process.out(f"{len(data):08x}\n" if canonical else f"{len(data):07x}\n")
    return int(not good)


def _canonical(line: bytes) -> str:
    left, right = (" ".join(f"{byte:02x}" for byte in half) for half in (line[:8], line[8:]))
    shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
    return f"  {left:<23}  {right:<23}  |{shown}|"


def _words(line: bytes) -> str:
    return "".join(f" {int.from_bytes(line[i : i + 2], 'little'):04x}" for i in range(0, len(line), 2))


@checked
def gzip(process: Process) -> Program:
    options, paths = parse(arguments(process), "cdkfn123456789", long={"decompress": "d", "stdout": "c"})
    unpack = "d" in options or process.name in ("gunzip", "zcat")
    found, good = yield from inputs(process, paths)
    for path, data in found:
        try:
            result = zlib.decompressobj(31).decompress(data, MAX_UNPACKED) if unpack else _gzipped(data)
        except zlib.error:
            process.err(f"{process.name}: {path}: not in gzip format\n")
            return 1
        if path == "-" or "c" in options or process.name == "zcat":
            process.stdout.write(result)
            continue
        target = path.removesuffix(".gz") if unpack else f"{path}.gz"
        process.fs.write(target, result, process.cwd, process.user)
        if "k" not in options:
            process.fs.remove(path, process.cwd, process.user)
    return int(not good)


def _gzipped(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()
