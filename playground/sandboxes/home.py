"""A sandbox's home directory: what the terminal's shell and the editor read and write, within the limits."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext_noop as _

from playground.sandboxes import limits


def tidy(path: str) -> str:
    """`./dc-nginx.yaml` and `/dc-nginx.yaml` name the file that `dc-nginx.yaml` names."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return "/".join(parts)


class Home:
    """The files of one sandbox, in memory; `on_change(path, text or None)` hears of every change.

    Implements the engine's `Files`. Refuses what is over a limit with an `OSError`, as a full disk would.
    """

    def __init__(self, files: dict[str, str], on_change: Callable[[str, str | None], None]) -> None:
        self._files = dict(files)
        self._on_change = on_change

    def read(self, path: str) -> str:
        try:
            return self._files[tidy(path)]
        except KeyError:
            raise FileNotFoundError(path) from None

    def write(self, path: str, text: str) -> None:
        name = tidy(path)
        try:
            limits.check_path(name)
            limits.check_text(name, text)
            if name not in self._files and len(self._files) >= limits.MAX_FILES:
                raise limits.LimitError(
                    _("a sandbox keeps at most {limit} files: delete one first"), limit=limits.MAX_FILES
                )
        except limits.LimitError as error:
            raise OSError(str(error)) from error
        if self._files.get(name) != text:
            self._files[name] = text
            self._on_change(name, text)

    def delete(self, path: str) -> None:
        name = tidy(path)
        if name not in self._files:
            raise FileNotFoundError(path)
        del self._files[name]
        self._on_change(name, None)

    def list(self) -> list[str]:
        return sorted(self._files)

    def contents(self) -> dict[str, str]:
        return dict(self._files)
