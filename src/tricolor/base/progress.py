"""Progress of long work: one line on stderr, only on a terminal, gone when the work is done."""

from __future__ import annotations

import sys
import time
from typing import TextIO, final

_QUIET_SECONDS = 0.3
"""Work shorter than this shows nothing."""


@final
class Progress:
    """A status line. ``say`` replaces it, ``clear`` removes it."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._active = self._stream.isatty()
        self._start = time.monotonic()
        self._shown = False

    def say(self, text: str) -> None:
        if self._active and time.monotonic() - self._start >= _QUIET_SECONDS:
            self._stream.write(f"\r\x1b[K{text[:100]}")
            self._stream.flush()
            self._shown = True

    def clear(self) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False
