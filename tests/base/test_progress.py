"""The progress line on a terminal."""

from __future__ import annotations

import io
import time

from tricolor.base.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def wait_for(text: str, stream: io.StringIO) -> None:
    end = time.monotonic() + 10
    while text not in stream.getvalue():
        assert time.monotonic() < end, stream.getvalue()
        time.sleep(0.01)


def test_long_work_shows_its_text_and_removes_it() -> None:
    stream = Terminal()
    progress = Progress(stream)
    progress.say("working")
    assert stream.getvalue() == ""
    wait_for("working", stream)
    progress.say("working on")
    wait_for("working on", stream)
    progress.clear()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_the_time_advances_without_a_new_text() -> None:
    stream = Terminal()
    progress = Progress(stream)
    progress.say("working")
    wait_for("working (1 s)", stream)
    progress.clear()


def test_short_work_shows_nothing() -> None:
    stream = Terminal()
    progress = Progress(stream)
    progress.say("working")
    progress.clear()
    assert stream.getvalue() == ""


def test_a_file_gets_no_progress() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    progress.say("working")
    time.sleep(0.4)
    progress.clear()
    assert stream.getvalue() == ""


def test_the_inner_work_has_the_line() -> None:
    stream = Terminal()
    outer, inner = Progress(stream), Progress(stream)
    outer.say("outer")
    inner.say("inner")
    wait_for("inner", stream)
    assert "outer" not in stream.getvalue()
    inner.clear()
    wait_for("outer", stream)
    outer.clear()
    assert stream.getvalue().endswith("\r\x1b[K")
