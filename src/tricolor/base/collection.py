"""Switch Python's own cycle collector off during work that only allocates."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def without_cycle_collection() -> Generator[None]:
    """Switch Python's cycle collector off for work that makes millions of objects and drops none: searching them for cycles takes a third more
    time and finds nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()  # Python's collector does not search these objects later either
            gc.enable()
