"""Show the progress of long work: one line on stderr, only on a terminal, removed when the work is done."""

from __future__ import annotations

import sys
import threading
import time
from typing import Final, Self, TextIO, final

_QUIET_SECONDS: Final = 0.3
"""Shorter work shows nothing."""
_TICK_SECONDS: Final = 1.0
_MOST_COLUMNS: Final = 78
_lock: Final = threading.Lock()
_speakers: Final[list[Progress]] = []
"""The objects that have a text to show; the line shows the text of the last one."""


@final
class Progress:
    """A status line with the time that the work has taken. ``say`` replaces it, ``clear`` removes it, as does the end of a ``with`` block."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._active = self._stream.isatty()
        self._start = time.monotonic()
        self._text = ""
        self._shown = False
        self._done = threading.Event()
        self._ticker: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.clear()

    def say(self, text: str) -> None:
        """Show this text, but not before 0.3 s have passed since the start."""
        if not self._active:
            return
        self._text = text
        if self._ticker is None:
            _speakers.append(self)
            self._done.clear()
            self._ticker = threading.Thread(target=self._tick, daemon=True)
            self._ticker.start()
        elif self._shown:
            self._draw()

    def clear(self) -> None:
        """Remove the line; the next output takes its place."""
        if self._ticker is None:
            return
        self._done.set()
        self._ticker.join()
        self._ticker = None
        _speakers.remove(self)
        if self._shown:
            self._write("")
            self._shown = False

    def _tick(self) -> None:
        wait = max(0.0, self._start + _QUIET_SECONDS - time.monotonic())
        while not self._done.wait(wait):
            self._draw()
            wait = _TICK_SECONDS

    def _draw(self) -> None:
        if _speakers[-1] is self:
            seconds = int(time.monotonic() - self._start)
            self._shown = True
            self._write(f"{self._text[:_MOST_COLUMNS]} ({seconds} s)" if seconds else self._text[:_MOST_COLUMNS])

    def _write(self, text: str) -> None:
        with _lock:
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()
