"""Where in the learner's files something stands that a step still misses: the file and the line of its manifest.

A step asks for three pods with an image; the cluster has another one; the manifest in the terminal's home has a line
that says which. Pods that belong to somebody are looked for in their owner's template. What no manifest says, such as
a status, is pointed at nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml
from django.utils.translation import gettext as _

from cluster_engine.apimachinery.meta import controller_of
from playground.curriculum import fieldpath
from playground.curriculum.checks import KINDS, Lack, find
from playground.curriculum.reading import Reader

MAX_FILES = 40
MAX_CHARACTERS = 60_000  # a longer manifest is not read again after each command
_OWNERS = {
    "Deployment": "deployments.apps", "ReplicaSet": "replicasets.apps", "StatefulSet": "statefulsets.apps",
    "DaemonSet": "daemonsets.apps", "Job": "jobs.batch",
}  # fmt: skip
_KINDS = {**KINDS, "daemonsets.apps": "DaemonSet", "jobs.batch": "Job"}


@dataclass(frozen=True)
class Place:
    """A line (from 1) of a file. `agrees` when it says there already what the step asks for; `there` is the object."""

    path: str
    line: int
    agrees: bool
    there: bool = True

    def __str__(self) -> str:
        """Return it in words, in the present language."""
        values = {"file": self.path, "line": self.line}
        if not self.there:
            return _("It is described in %(file)s, line %(line)s.") % values
        if self.agrees:
            return _("%(file)s says so already, in line %(line)s: apply it.") % values
        return _("It stands in %(file)s, line %(line)s.") % values


def point(lack: Lack, reader: Reader, files: Mapping[str, str]) -> Place | None:
    """Return where the manifest of what is missing stands, or None."""
    if not lack.resource or not files:
        return None
    kind, name, namespace, path = _wanted(lack, reader)
    if path.startswith("status"):
        return None
    for file, text in sorted(files.items())[:MAX_FILES]:
        if len(text) > MAX_CHARACTERS or "kind" not in text:
            continue
        for node in _documents(text):
            if _is(node, kind, name, namespace):
                return _place(file, node, path, lack)
    return None


def _wanted(lack: Lack, reader: Reader) -> tuple[str, str, str, str]:
    """Return kind, name, namespace and field of what stands in a manifest: of a pod that somebody made, the maker's."""
    obj, path = lack.obj, lack.path or "metadata.name"
    resource, name = lack.resource, lack.name
    while obj is not None and (owner := controller_of(obj)) is not None and owner["kind"] in _OWNERS:
        if resource == "pods":
            path = f"spec.template.{path}"
        resource, name = _OWNERS[owner["kind"]], owner["name"]
        obj = find(reader, resource, name, lack.namespace)
    return _KINDS.get(resource, ""), name, lack.namespace, path


@lru_cache(maxsize=256)
def _documents(text: str) -> tuple[yaml.MappingNode, ...]:
    """Return the documents of a YAML text as nodes; none of a text that is broken."""
    try:
        found = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError):
        return ()
    return tuple(node for node in found if isinstance(node, yaml.MappingNode))


def _is(node: yaml.MappingNode, kind: str, name: str, namespace: str) -> bool:
    def value(*path: str) -> str:
        found: yaml.Node | None = node
        for key in path:
            found = _child(found, key)
        return str(found.value) if isinstance(found, yaml.ScalarNode) else ""

    stated = value("metadata", "namespace")
    return bool(kind) and (value("kind"), value("metadata", "name")) == (kind, name) and stated in ("", namespace)


def _place(file: str, document: yaml.MappingNode, path: str, lack: Lack) -> Place:
    """Return the line of the field, or of the deepest part of its path that is there."""
    node: yaml.Node = document
    line = document.start_mark.line + 1
    for step in fieldpath.parse(path):
        child = _child(node, step)
        if child is None:
            return Place(file, line, False, lack.obj is not None)
        line = _line(node, step, child)
        node = child
    agrees = lack.expected is not None and lack.expected.accepts(_value(node))
    return Place(file, line, agrees, lack.obj is not None)


def _child(node: yaml.Node | None, step: fieldpath.Step) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode) and isinstance(step, str):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if step < len(node.value) else None
    if isinstance(node, yaml.SequenceNode) and isinstance(step, tuple):
        by, wanted = step
        return next((item for item in node.value if getattr(_child(item, by), "value", None) == wanted), None)
    return None


def _line(parent: yaml.Node, step: fieldpath.Step, child: yaml.Node) -> int:
    """Return the line in which a key stands, or an item begins."""
    if isinstance(parent, yaml.MappingNode):
        return int(next(key.start_mark.line for key, _value in parent.value if key.value == step)) + 1
    return int(child.start_mark.line) + 1


def _value(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    except yaml.YAMLError:
        return None

