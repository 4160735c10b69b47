"""The files below a kustomization's directory."""

from __future__ import annotations

from dataclasses import dataclass

from cluster_engine.apimachinery.meta import Obj
from cluster_engine.apimachinery.yaml_text import YamlError, load_documents
from cluster_engine.kubectl.errors import CommandError
from cluster_engine.kubectl.factory import FileSystem

HOME = "/root"


@dataclass(frozen=True, slots=True)
class Source:
    """A directory of the home directory. `path` is relative to it, "" being the home directory itself."""

    files: FileSystem
    path: str

    def at(self, relative: str) -> str:
        """The path of something below (or beside) this directory."""
        parts = self.path.split("/") if self.path else []
        if relative.startswith(("/root/", "~/")):
            parts, relative = [], relative.split("/", 2)[-1]
        for part in relative.split("/"):
            if part == "..":
                del parts[-1:]
            elif part not in ("", "."):
                parts.append(part)
        return "/".join(parts)

    def directory(self, relative: str) -> Source:
        return Source(self.files, self.at(relative))

    def read(self, relative: str) -> str:
        """The text of a file. Raises CommandError in kustomize's words."""
        try:
            return self.files.read(self.at(relative))
        except (FileNotFoundError, IsADirectoryError):
            where = f"{HOME}/{self.at(relative)}"
            raise CommandError(f"evalsymlink failure on '{where}' : lstat {where}: no such file or directory") from None

    def has_file(self, relative: str) -> bool:
        return self.at(relative) in self.files.list()

    def has_directory(self, relative: str) -> bool:
        path = self.at(relative)
        return path == "" or any(name.startswith(f"{path}/") for name in self.files.list())

    def objects(self, relative: str) -> list[Obj]:
        return objects_of(self.read(relative), relative)


def objects_of(text: str, name: str) -> list[Obj]:
    """The objects of a text; lists are taken apart. Raises CommandError."""
    try:
        documents = [document.value for document in load_documents(text)]
    except YamlError as error:
        raise CommandError(f"accumulating resources: accumulating resources from '{name}': {error}") from None
    found: list[Obj] = []
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict) or "kind" not in document:
            raise CommandError(f"accumulating resources: missing metadata.name in object in '{name}'")
        if document["kind"].endswith("List") and isinstance(document.get("items"), list):
            found.extend(document["items"])
        else:
            found.append({"metadata": {}, **document})
    return found
