"""Static files, compressed: `serve` has compressed copies put into STATIC_ROOT, and those are served first."""

from __future__ import annotations

from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, with the collected files before those that the finders know.

    WhiteNoise lets the finders win, and theirs have no compressed copies beside them.
    """

    def add_files_from_finders(self) -> None:
        collected = dict(self.files)
        super().add_files_from_finders()
        self.files.update(collected)
