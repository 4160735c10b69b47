"""The home directory: what the shell asks of it, and one in memory for tests and for clusters without a site."""

from __future__ import annotations

import posixpath
from typing import Protocol

MAX_FILES = 100
MAX_FILE_BYTES = 1024 * 1024
MAX_PATH_LENGTH = 200
HOME = "/root"
# What keeps a directory that has no files; `ls` does not show it.
KEEPER = ".keep"


class Files(Protocol):
    """Texts by path. There are no directories but those that paths imply. What is over a limit raises OSError."""

    def read(self, path: str) -> str:
        """The text; raises FileNotFoundError."""

    def write(self, path: str, text: str) -> None:
        """Creates or replaces; raises OSError for what is too large or too much."""

    def delete(self, path: str) -> None:
        """Raises FileNotFoundError."""

    def list(self) -> list[str]:
        """The paths, sorted."""


def tidy(path: str, directory: str = "") -> str:
    """The one name of a file, however it was written: `./a`, `/root/a`, `~/a` and `a` are the same.

    `directory` is where relative paths begin, itself below the home directory ("" is the home directory). Paths
    elsewhere (`/tmp/a`) are kept in the home directory too (`tmp/a`).
    """
    if path == "~" or path.startswith("~/"):
        path = HOME + path[1:]
    absolute = posixpath.normpath(posixpath.join(HOME, directory, path))
    if absolute.startswith("//"):
        absolute = absolute[1:]
    if absolute == HOME:
        return ""
    return absolute.removeprefix(f"{HOME}/").strip("/")


class MemoryFiles:
    """Files in memory."""

    def __init__(self, texts: dict[str, str] | None = None) -> None:
        self._texts: dict[str, str] = {}
        for path, text in (texts or {}).items():
            self.write(path, text)

    def read(self, path: str) -> str:
        try:
            return self._texts[tidy(path)]
        except KeyError:
            raise FileNotFoundError(path) from None

    def write(self, path: str, text: str) -> None:
        name = tidy(path)
        if not name or len(name) > MAX_PATH_LENGTH:
            raise OSError(f"a file's name has 1 to {MAX_PATH_LENGTH} characters")
        size = len(text.encode("utf-8", "replace"))
        if size > MAX_FILE_BYTES:
            raise OSError(f"file too large: {size:,} bytes, at most {MAX_FILE_BYTES:,} are kept")
        if name not in self._texts and len(self._texts) >= MAX_FILES:
            raise OSError(f"too many files: at most {MAX_FILES} are kept; delete one first")
        self._texts[name] = text

    def delete(self, path: str) -> None:
        try:
            del self._texts[tidy(path)]
        except KeyError:
            raise FileNotFoundError(path) from None

    def list(self) -> list[str]:
        return sorted(self._texts)


Names = list[str]


class TidyFiles:
    """Files as a shell sees them that stands in a directory: every way to write a path leads to the same file."""

    def __init__(self, files: Files, directory: str = "") -> None:
        self._files = files
        self.directory = directory

    def within(self, directory: str) -> TidyFiles:
        """The same files, seen from a directory (below the home directory, tidy)."""
        return TidyFiles(self._files, directory)

    def tidy(self, path: str) -> str:
        return tidy(path, self.directory)

    def read(self, path: str) -> str:
        """Raises FileNotFoundError, and IsADirectoryError."""
        name = self.tidy(path)
        if self.is_directory(path):
            raise IsADirectoryError(path)
        try:
            return self._files.read(name)
        except FileNotFoundError:
            raise FileNotFoundError(path) from None

    def write(self, path: str, text: str) -> None:
        if self.is_directory(path) or path.endswith("/"):
            raise IsADirectoryError(path)
        name = self.tidy(path)
        for parent in _parents(name):
            if self.is_file(f"{HOME}/{parent}"):
                raise NotADirectoryError(path)
        self._files.write(name, text)

    def delete(self, path: str) -> None:
        self._files.delete(self.tidy(path))

    def list(self) -> list[str]:
        """The files in and below the directory, as seen from it."""
        head = f"{self.directory}/" if self.directory else ""
        return [path[len(head) :] for path in self._files.list() if path.startswith(head) and not _is_keeper(path)]

    def is_file(self, path: str) -> bool:
        try:
            self._files.read(self.tidy(path))
        except FileNotFoundError:
            return False
        return True

    def is_directory(self, path: str) -> bool:
        name = self.tidy(path)
        return not name or name == "tmp" or any(other.startswith(f"{name}/") for other in self._files.list())

    def children(self, path: str) -> Names:
        """What is directly in a directory, sorted; directories end in `/`."""
        name = self.tidy(path)
        head = f"{name}/" if name else ""
        found = set()
        for other in self._files.list():
            if other.startswith(head) and other != head:
                first, slash, _ = other[len(head) :].partition("/")
                found.add(first + slash)
        found.discard(KEEPER)
        return sorted(found)

    def below(self, path: str) -> Names:
        """The tidy paths of all files in and below a directory, keepers included."""
        name = self.tidy(path)
        return [other for other in self._files.list() if not name or other.startswith(f"{name}/")]

    def make_directory(self, path: str) -> None:
        self._files.write(f"{self.tidy(path)}/{KEEPER}", "")


def _parents(name: str) -> list[str]:
    pieces = name.split("/")[:-1]
    return ["/".join(pieces[: count + 1]) for count in range(len(pieces))]


def _is_keeper(path: str) -> bool:
    return path == KEEPER or path.endswith(f"/{KEEPER}")
