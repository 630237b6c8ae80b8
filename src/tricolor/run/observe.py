"""The counters of a program that has ended, and the objects and bytes that each allocation site allocated."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from tricolor.abi.exports import ACCOUNT, STATISTICS
from tricolor.abi.statistics import NAMES
from tricolor.llvm.image import Loaded


@final
@dataclass(frozen=True, slots=True)
class Observation:
    """``statistics``: by name (abi.statistics); ``sites``: (objects, bytes) by site number, 0 the runtime itself."""

    statistics: Mapping[str, int]
    sites: tuple[tuple[int, int], ...]


@final
class Account:
    """Counts per site, filled in by the program while it runs. ``site_count``: without site 0."""

    def __init__(self, loaded: Loaded, site_count: int) -> None:
        self._loaded = loaded
        self._counts = (ctypes.c_uint64 * (2 * (site_count + 1)))()
        start = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(loaded.addresses[ACCOUNT])
        start(ctypes.addressof(self._counts))

    def observe(self) -> Observation:
        """Read all counters. Call it after the program has ended."""
        numbers = (ctypes.c_uint64 * len(NAMES))()
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._loaded.addresses[STATISTICS])(ctypes.addressof(numbers))
        flat = list(self._counts)
        return Observation(dict(zip(NAMES, numbers, strict=True)), tuple(zip(flat[::2], flat[1::2], strict=True)))
