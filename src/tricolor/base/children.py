"""Processes that work for this one end with it, also if it is killed: nobody else would ever end them."""

from __future__ import annotations

import ctypes
import os
import signal
from typing import Final

_SET_PARENT_DEATH_SIGNAL: Final = 1


def end_with_parent(parent: int) -> None:
    """Lets the system kill this process when the thread ends that made it; ``parent`` is the process of that thread.

    Source: prctl(2), PR_SET_PDEATHSIG.
    """
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, ctypes.c_ulong(signal.SIGKILL))
    if os.getppid() != parent:
        # It ended before the system knew.
        os._exit(1)
