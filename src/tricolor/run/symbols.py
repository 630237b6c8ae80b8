"""The symbol table of a loaded program, in the form that the runtime reads (runtime/traceback.py).

It is made once, when the program is compiled, with addresses relative to each object's code, and moved to where the objects
were loaded in one addition over the whole table: bytes are added as one long integer.
"""

from __future__ import annotations

import ctypes
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tricolor.llvm.line_tables import NO_FRAME, LineTable

_ROW_BYTES: Final = 16
_FRAME_BYTES: Final = 32
_ROW = struct.Struct("<QII")
_FRAME = struct.Struct("<QIIIIII")


def pack_symbols(tables: Sequence[LineTable]) -> bytes:
    """One blob for a program: a JSON head with the anchors, then rows, frames and strings."""
    offsets: dict[str, int] = {"": 0}
    strings = bytearray(b"\0")
    groups: list[dict[str, Any]] = []
    rows: list[bytes] = []
    frames: list[bytes] = []
    frame_count = 0
    for table in tables:
        if not table.rows:
            continue
        places: list[int] = []
        for text in table.strings:
            if text not in offsets:
                offsets[text] = len(strings)
                strings += text.encode("utf-8", "surrogateescape") + b"\0"
            places.append(offsets[text])
        own_rows = b"".join(
            _ROW.pack(at, frame if frame == NO_FRAME else frame + frame_count, 0)
            for at, frame, _ in _ROW.iter_unpack(table.rows)
        )
        own_frames = b"".join(
            _FRAME.pack(
                entry, places[name], places[file], line, up if up == NO_FRAME else up + frame_count, flags, 0
            )
            for entry, name, file, line, up, flags, _ in _FRAME.iter_unpack(table.frames)
        )
        groups.append(
            {
                "anchor": table.anchor,
                "offset": table.anchor_offset,
                "rows": len(own_rows) // _ROW_BYTES,
                "frames": len(own_frames) // _FRAME_BYTES,
            }
        )
        frame_count += len(own_frames) // _FRAME_BYTES
        rows.append(own_rows)
        frames.append(own_frames)
    head = json.dumps(groups).encode()
    return b"".join([struct.pack("<I", len(head)), head, *rows, *frames, strings])


def anchors(blob: bytes) -> list[str]:
    """Symbols whose addresses ``place_symbols`` needs."""
    return [group["anchor"] for group in _head(blob)[0]]


def place_symbols(blob: bytes, addresses: Mapping[str, int]) -> ctypes.Array[ctypes.c_char]:
    """Memory that begins with the runtime's SymbolTable; it must be kept as long as the program runs."""
    groups, at = _head(blob)
    row_parts: list[tuple[int, bytes]] = []
    for group in groups:
        base = addresses[group["anchor"]] - group["offset"]
        size = group["rows"] * _ROW_BYTES
        row_parts.append((base, _shift(blob[at : at + size], base, _ROW_BYTES)))
        at += size
    frame_parts: list[bytes] = []
    for group in groups:
        base = addresses[group["anchor"]] - group["offset"]
        size = group["frames"] * _FRAME_BYTES
        frame_parts.append(_shift(blob[at : at + size], base, _FRAME_BYTES))
        at += size
    rows = b"".join(part for _, part in sorted(row_parts))
    frames = b"".join(frame_parts)
    head_bytes = 40
    total = head_bytes + len(rows) + len(frames) + len(blob) - at
    memory = ctypes.create_string_buffer(total)
    start = ctypes.addressof(memory)
    head = struct.pack(
        "<QQQQQ",
        len(rows) // _ROW_BYTES,
        start + head_bytes,
        len(frames) // _FRAME_BYTES,
        start + head_bytes + len(rows),
        start + head_bytes + len(rows) + len(frames),
    )
    ctypes.memmove(memory, b"".join([head, rows, frames, blob[at:]]), total)
    return memory


def _head(blob: bytes) -> tuple[list[dict[str, Any]], int]:
    (size,) = struct.unpack_from("<I", blob)
    return json.loads(blob[4 : 4 + size]), 4 + size


def _shift(records: bytes, base: int, record_bytes: int) -> bytes:
    """Add ``base`` to the u64 that begins each record. No sum overflows into the next field."""
    count = len(records) // record_bytes
    ones = int.from_bytes((b"\1" + bytes(record_bytes - 1)) * count, "little")
    return (int.from_bytes(records, "little") + base * ones).to_bytes(len(records), "little")
