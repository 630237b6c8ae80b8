"""The symbol table of a loaded program, in the form that the runtime reads (runtime/traceback.py).

It is made once, when the program is linked, with addresses relative to the image, and moved to where the image was loaded in one
addition over all rows and one over all frames: bytes are added as one long integer.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from typing import Final

from tricolor.llvm.line_tables import NO_FRAME, LineTable

_ROW_BYTES: Final = 16
_FRAME_BYTES: Final = 32
_ROW = struct.Struct("<QII")
_FRAME = struct.Struct("<QIIIIII")
_COUNTS = struct.Struct("<II")
_HEAD = struct.Struct("<QQQQQ")


def pack_symbols(tables: Sequence[LineTable], text_offsets: Sequence[int]) -> bytes:
    """One blob for a program: numbers of rows and frames, rows, frames, strings. ``text_offsets``: where each object's code is in the image."""
    offsets: dict[str, int] = {"": 0}
    strings = bytearray(b"\0")
    rows: list[bytes] = []
    frames: list[bytes] = []
    frame_count = 0
    # Rows ascend by address.
    for start, table in sorted(zip(text_offsets, tables, strict=True), key=lambda pair: pair[0]):
        places: list[int] = []
        for text in table.strings:
            if text not in offsets:
                offsets[text] = len(strings)
                strings += text.encode("utf-8", "surrogateescape") + b"\0"
            places.append(offsets[text])
        rows += [
            _ROW.pack(start + at, frame if frame == NO_FRAME else frame + frame_count, 0) for at, frame, _ in _ROW.iter_unpack(table.rows)
        ]
        frames += [
            _FRAME.pack(start + entry, places[name], places[file], line, up if up == NO_FRAME else up + frame_count, flags, more)
            for entry, name, file, line, up, flags, more in _FRAME.iter_unpack(table.frames)
        ]
        frame_count = len(frames)
    return b"".join([_COUNTS.pack(len(rows), len(frames)), *rows, *frames, strings])


def place_symbols(blob: bytes, base: int) -> ctypes.Array[ctypes.c_char]:
    """Memory that begins with the runtime's SymbolTable, for an image at ``base``; it must be kept as long as the program runs."""
    row_count, frame_count = _COUNTS.unpack_from(blob)
    frames_at = _COUNTS.size + row_count * _ROW_BYTES
    strings_at = frames_at + frame_count * _FRAME_BYTES
    rows = _shift(blob[_COUNTS.size : frames_at], base, _ROW_BYTES)
    frames = _shift(blob[frames_at:strings_at], base, _FRAME_BYTES)
    memory = ctypes.create_string_buffer(_HEAD.size + len(blob) - _COUNTS.size)
    start = ctypes.addressof(memory) + _HEAD.size
    head = _HEAD.pack(row_count, start, frame_count, start + len(rows), start + len(rows) + len(frames))
    whole = b"".join([head, rows, frames, blob[strings_at:]])
    ctypes.memmove(memory, whole, len(whole))
    return memory


def _shift(records: bytes, base: int, record_bytes: int) -> bytes:
    """Add ``base`` to the u64 that begins each record. No sum overflows into the next field."""
    count = len(records) // record_bytes
    ones = int.from_bytes((b"\1" + bytes(record_bytes - 1)) * count, "little")
    return (int.from_bytes(records, "little") + base * ones).to_bytes(len(records), "little")
