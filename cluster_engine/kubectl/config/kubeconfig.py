"""The kubeconfig: read from the home directory, or the one that the terminal begins with."""

from __future__ import annotations

from typing import Any, Protocol

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.yaml_text import YamlError, load_documents
from cluster_engine.kubectl.errors import CommandError, RawError
from cluster_engine.kubectl.printers import yaml_printer

PATH = ".kube/config"
SHOWN_PATH = "/root/.kube/config"
NAME = "podarium"
SERVER_URL = "https://192.168.0.100:6443"


class Files(Protocol):
    """Where the kubeconfig is kept."""

    def read(self, path: str) -> str: ...

    def write(self, path: str, text: str) -> None: ...


def initial() -> Obj:
    return {
        "apiVersion": "v1",
        "clusters": [{"cluster": {"server": SERVER_URL}, "name": NAME}],
        "contexts": [{"context": {"cluster": NAME, "namespace": "default", "user": NAME}, "name": NAME}],
        "current-context": NAME,
        "kind": "Config",
        "preferences": {},
        "users": [{"name": NAME, "user": {}}],
    }


def load(files: Files) -> Obj:
    """The kubeconfig. Raises CommandError for a file that holds none."""
    try:
        text = files.read(PATH)
    except (FileNotFoundError, IsADirectoryError):
        return initial()
    try:
        documents = load_documents(text)
    except YamlError as error:
        raise CommandError(f'error loading config file "{SHOWN_PATH}": {error}') from None
    value: Any = documents[0].value if documents else {}
    if not isinstance(value, dict):
        raise CommandError(f'error loading config file "{SHOWN_PATH}": it holds no Config')
    return {**initial(), "contexts": [], "current-context": "", **value}


def save(files: Files, config: Obj) -> None:
    files.write(PATH, yaml_printer.dump(config))


def context_of(config: Obj, name: str) -> Obj | None:
    """A context's settings, or None."""
    for entry in config.get("contexts") or ():
        if entry.get("name") == name:
            return entry.get("context") or {}
    return None


def with_context(config: Obj, name: str, context: Obj) -> Obj:
    """The config with a context set, contexts in the order of their names."""
    others = [entry for entry in config.get("contexts") or () if entry.get("name") != name]
    entry = {"context": {"cluster": "", "user": "", **context}, "name": name}
    return {**config, "contexts": sorted([*others, entry], key=lambda one: str(one.get("name")))}


def without_context(config: Obj, name: str) -> Obj:
    return {**config, "contexts": [entry for entry in config.get("contexts") or () if entry.get("name") != name]}


def namespace_of(files: Files, chosen: str) -> str:
    """The namespace of a context, that of the current one for "". Raises CommandError for one that there is not."""
    config = load(files)
    context = context_of(config, chosen or str(config.get("current-context") or ""))
    if context is None:
        if chosen:
            raise RawError(f"Error in configuration: context was not found for specified context: {chosen}")
        return "default"
    return str(context.get("namespace") or "default")
