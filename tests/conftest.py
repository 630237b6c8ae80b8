"""What all tests need: Ctrl-C ends the processes that they start, however the tests themselves were started."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Take Ctrl-C back. A shell that starts a command in the background makes it ignore SIGINT, and its children would inherit this."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
