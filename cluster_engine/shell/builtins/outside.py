"""What would leave the shell: the editor pane, the cluster's network, and programs that are not here."""

from __future__ import annotations

from cluster_engine.kubectl.process import Process
from cluster_engine.shell import cluster_network
from cluster_engine.shell.environment import Builtin, Environment, Streams

CANNOT_RUN = 126


def edit(env: Environment, args: list[str], streams: Streams) -> Process:
    """`vi FILE`, `nano FILE`, `edit FILE`: opens the file in the editor beside the terminal."""
    words = [arg for arg in args if not arg.startswith(("-", "+"))]
    if not words:
        streams.err.line("edit: which file? `edit FILE` opens it in the editor")
        return 1
    if not env.editor.present:
        streams.err.line("edit: this terminal has no editor beside it; write files with `cat > FILE <<EOF`")
        return 1
    for word in words:
        if env.files.is_directory(word):
            streams.err.line(f"edit: {word}: Is a directory")
            return 1
        if not env.files.is_file(word):
            env.files.write(word, "")
        env.editor.open(env.files.tidy(word))
    return 0
    yield


def _network(name: str) -> Builtin:
    def run(env: Environment, args: list[str], streams: Streams) -> Process:
        return (yield from cluster_network.run(env, [name, *args], streams))

    return run


def _absent(name: str, why: str) -> Builtin:
    def run(env: Environment, args: list[str], streams: Streams) -> Process:
        streams.err.line(f"{name}: {why}")
        return CANNOT_RUN
        yield

    return run


NETWORK = {name: _network(name) for name in cluster_network.NAMES}
ABSENT = {
    "jq": _absent("jq", "not in this terminal; kubectl's own -o jsonpath='{…}' and -o custom-columns do most of it"),
    "docker": _absent("docker", "the cluster's nodes run containerd, and this terminal is not on a node"),
    "ssh": _absent("ssh", "this terminal reaches nothing but its own cluster, through kubectl"),
    "sudo": _absent("sudo", "you are the cluster's administrator already"),
    "helm": _absent("helm", "not in this terminal; kubectl apply -f and -k are"),
    "python": _absent("python", "no programs run here, only the shell's own commands"),
    "less": _absent("less", "not in this terminal; scroll back with the wheel, or use | head"),
}
