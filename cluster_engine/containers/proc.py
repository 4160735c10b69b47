"""/proc, made when somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_engine.containers.files import Directory, DynamicDirectory, File, Inode, Symlink
from cluster_engine.containers.process import encode

if TYPE_CHECKING:
    from cluster_engine.containers.container import ContainerWorld
    from cluster_engine.containers.process import Process

_BOOT_SECONDS = 6 * 3600
_CPU = (
    "processor\t: {number}\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) CPU @ 2.20GHz\n"
    "cpu MHz\t\t: 2200.000\ncache size\t: 56320 KB\ncpu cores\t: 2\n\n"
)


def make_proc(container: ContainerWorld) -> Directory:
    """The /proc of one container."""

    def entries() -> dict[str, Inode]:
        found: dict[str, Inode] = {
            str(process.pid): _process_directory(process) for process in container.pod.visible(container)
        }
        texts = {
            "cpuinfo": "".join(_CPU.format(number=number) for number in range(4)),
            "meminfo": "MemTotal:        8388608 kB\nMemFree:         6291456 kB\nMemAvailable:    7340032 kB\n",
            "uptime": f"{_BOOT_SECONDS + container.pod.now_us // 1_000_000 % 86_400}.00 80000.00\n",
            "loadavg": "0.12 0.10 0.09 1/256 1\n",
            "version": f"Linux version {container.pod.kernel} (debian-kernel@lists.debian.org) (gcc-12) #1 SMP\n",
            "mounts": "".join(
                f"{mount.source_name or '/dev/sda1'} {path} ext4 {'ro' if mount.read_only else 'rw'},relatime 0 0\n"
                for path, mount in sorted(container.fs.mounts.items())
            ),
            "filesystems": "nodev\ttmpfs\n\text4\n",
        }
        found |= {name: File(text.encode(), 0o444) for name, text in texts.items()}
        if container.main is not None:
            found["self"] = Symlink(str(container.main.pid))
        return found

    return DynamicDirectory(entries)


def _process_directory(process: Process) -> Directory:
    directory = Directory(0o555)
    status = (
        f"Name:\t{process.name}\nState:\tS (sleeping)\nPid:\t{process.pid}\n"
        f"PPid:\t{process.parent.pid if process.parent is not None else 0}\n"
        f"Uid:\t{process.user.uid}\t{process.user.uid}\t{process.user.uid}\t{process.user.uid}\n"
        f"Gid:\t{process.user.gid}\t{process.user.gid}\t{process.user.gid}\t{process.user.gid}\n"
    )
    words = b"".join(encode(word) + b"\0" for word in process.argv)
    directory.entries = {
        "cmdline": File(encode(process.title) + b"\0" if process.title else words, 0o444),
        "comm": File(encode(process.name) + b"\n", 0o644),
        "environ": File(b"".join(encode(f"{name}={value}") + b"\0" for name, value in process.env.items()), 0o400),
        "status": File(status.encode(), 0o444),
        "cwd": Symlink(process.cwd),
        "root": Symlink("/"),
        "fd": Directory(0o500),
    }
    return directory
