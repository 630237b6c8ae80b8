"""Run a compiled program in this process, on this thread, with the GIL released.

The program has the process's standard streams, environment and working directory. While it runs, the runtime's handlers of signals
are in force, not Python's.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from tricolor.abi.exports import SEED, SET_SYMBOLS, START
from tricolor.base.errors import EnvironmentFault
from tricolor.cache.programs import CompiledProgram
from tricolor.cache.store import read_entry
from tricolor.llvm.image import Image, Loaded, load_image
from tricolor.run.symbols import symbols_head


@final
@dataclass(frozen=True, slots=True)
class Process:
    """A program that ran. ``loaded`` keeps its memory readable for reports."""

    exit_status: int
    loaded: Loaded


def load_program(program: CompiledProgram) -> Loaded:
    """Load the program's image from the cache, with its symbol table. Raises EnvironmentFault if one is gone or there is no memory."""
    image = Image.from_bytes(_entry("image", program.linked))
    symbols = _entry("symbols", program.linked)
    try:
        loaded = load_image(image)
    except OSError as error:
        raise EnvironmentFault(f"the program cannot be loaded: {error}") from error
    blob = ctypes.create_string_buffer(symbols, len(symbols))
    head = symbols_head(symbols, loaded.base, ctypes.addressof(blob))
    ctypes.CFUNCTYPE(None, ctypes.c_char_p)(loaded.addresses[SET_SYMBOLS])(head)
    _kept.append(blob)
    return loaded


_kept: list[object] = []
"""Memory that the program refers to until the process ends."""


def _entry(kind: str, key: str) -> bytes:
    data = read_entry(kind, key)
    if data is None:
        raise EnvironmentFault(f"the cache lost an entry ({kind} {key[:16]}): run the command again")
    return data


def execute(loaded: Loaded, arguments: Sequence[str], seed: int | None = None) -> Process:
    """Run the program to its end. ``arguments`` begins with the program's name.

    With a ``seed`` the order of its goroutines comes from that number, and time is virtual.
    """
    if seed is not None:
        ctypes.CFUNCTYPE(None, ctypes.c_uint64)(loaded.addresses[SEED])(seed)
    sys.stdout.flush()
    sys.stderr.flush()
    argv = _c_strings([os.fsencode(argument) for argument in arguments])
    environment = _c_strings([key + b"=" + value for key, value in os.environb.items()])
    start = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)(loaded.addresses[START])
    status = start(len(arguments), ctypes.addressof(argv), ctypes.addressof(environment))
    return Process(status, loaded)


def _c_strings(texts: Sequence[bytes]) -> ctypes.Array[ctypes.c_char_p]:
    """A NULL-terminated array of C strings."""
    return (ctypes.c_char_p * (len(texts) + 1))(*texts, None)
