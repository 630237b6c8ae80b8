"""The line table of one object: which function, file and line each instruction belongs to, inlined calls included.

The table is relative to the object's ``.text``; compiled Go has all its code there. Forms of the parts (little endian):

* rows of 16 bytes {offset u64, frame u32, 0 u32} by ascending offset: from there to the next row the innermost function is that
  frame; NO_FRAME where there is none;
* frames of 32 bytes {entry offset u64, function u32, file u32, line u32, parent u32, flags u32, 0 u32}: see runtime/scheduler/traceback.py,
  where texts are numbers of the object's own list of strings.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Final, final

NO_FRAME: Final = 0xFFFF_FFFF
ROW: Final = struct.Struct("<QII")
FRAME: Final = struct.Struct("<QIIIIII")


@final
@dataclass(frozen=True, slots=True)
class LineTable:
    """Rows and frames, packed, and the strings that frames refer to."""

    rows: bytes
    frames: bytes
    strings: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """The table as a cache entry."""
        head = json.dumps([len(self.rows), len(self.frames), self.strings]).encode()
        return b"".join([struct.pack("<I", len(head)), head, self.rows, self.frames])

    @classmethod
    def from_bytes(cls, data: bytes) -> LineTable:
        (size,) = struct.unpack_from("<I", data)
        row_bytes, frame_bytes, strings = json.loads(data[4 : 4 + size])
        rows = data[4 + size : 4 + size + row_bytes]
        frames = data[4 + size + row_bytes : 4 + size + row_bytes + frame_bytes]
        return cls(rows, frames, tuple(strings))
