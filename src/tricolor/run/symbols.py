"""The symbol table of a program, in the form that the runtime reads (runtime/scheduler/traceback.py).

It is made once, when the program is linked. All its addresses count from the start of the image: only the
table's head holds the load address.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from tricolor.llvm.line_tables import FRAME, NO_FRAME, ROW, LineTable

SYMBOLS_HEAD_BYTES: Final = 48
_COUNTS: Final = struct.Struct("<II")
_ROW: Final = struct.Struct("<II")
_FRAME: Final = struct.Struct("<IIIIIII")
_HEAD: Final = struct.Struct("<QQQQQQ")


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
        rows += [_ROW.pack(start + at, frame if frame == NO_FRAME else frame + frame_count) for at, frame, _ in ROW.iter_unpack(table.rows)]
        frames += [
            _FRAME.pack(start + entry, places[name], places[file], line, up if up == NO_FRAME else up + frame_count, flags, more)
            for entry, name, file, line, up, flags, more in FRAME.iter_unpack(table.frames)
        ]
        frame_count = len(frames)
    return b"".join([_COUNTS.pack(len(rows), len(frames)), *rows, *frames, strings])


def symbols_head(blob: bytes, base: int, blob_address: int) -> bytes:
    """The runtime's SymbolTable for an image at ``base`` and a blob of ``pack_symbols`` in memory at ``blob_address``."""
    row_count, frame_count = _COUNTS.unpack_from(blob)
    rows = blob_address + _COUNTS.size
    frames = rows + row_count * _ROW.size
    strings = frames + frame_count * _FRAME.size
    return _HEAD.pack(base, row_count, rows, frame_count, frames, strings)
