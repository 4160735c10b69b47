"""The home directory: what the shell asks of it, and one in memory for tests and for clusters without a site."""

from __future__ import annotations

from typing import Protocol

MAX_FILES = 100
MAX_FILE_BYTES = 1024 * 1024
MAX_PATH_LENGTH = 200
HOME = "/root"


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


def tidy(path: str) -> str:
    """The one name of a file, however it was written: `./a`, `/root/a`, `~/a` and `a` are the same."""
    for head in (f"{HOME}/", "~/"):
        path = path.removeprefix(head)
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


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


class TidyFiles:
    """Files through which every way to write a path leads to the same file."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def read(self, path: str) -> str:
        name = tidy(path)
        if not name:
            raise FileNotFoundError(path)
        return self._files.read(name)

    def write(self, path: str, text: str) -> None:
        self._files.write(tidy(path), text)

    def delete(self, path: str) -> None:
        self._files.delete(tidy(path))

    def list(self) -> list[str]:
        return self._files.list()
