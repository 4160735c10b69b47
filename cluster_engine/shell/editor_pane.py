"""The editor beside the terminal: files are opened there, and `kubectl edit` waits until the person is done."""

from __future__ import annotations

from collections.abc import Callable, Generator

from cluster_engine.kubectl.process import Stream, Wait

# (path, whether a command waits until the person is done with the file)
OnOpenEditor = Callable[[str, bool], None]


class EditorPane:
    """What one session has open there."""

    def __init__(self, on_open: OnOpenEditor | None) -> None:
        self._on_open = on_open
        self._awaited: dict[str, Stream] = {}

    @property
    def present(self) -> bool:
        """Whether there is an editor at all."""
        return self._on_open is not None

    @property
    def awaited(self) -> list[str]:
        """The files that a command waits for."""
        return list(self._awaited)

    def open(self, path: str) -> None:
        """Shows a file; nobody waits."""
        if self._on_open is not None:
            self._on_open(path, False)

    def edit(self, path: str) -> Generator[Wait, None, None]:
        """Shows a file, and waits until the person is done with it."""
        if self._on_open is None:
            return
        closing = self._awaited[path] = Stream()
        self._on_open(path, True)
        try:
            while not closing.closed:
                yield Wait(streams=(closing,))
        finally:
            self._awaited.pop(path, None)

    def close(self, path: str) -> None:
        """The person is done with the file, as it is now; a file that nobody waits for is of no matter."""
        closing = self._awaited.get(path)
        if closing is not None:
            closing.close()
