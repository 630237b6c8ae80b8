"""The program's table that 32-bit offsets in descriptors index: addresses of names, descriptors and code.

A ``NameOff``, ``TypeOff`` or ``TextOff`` is an index into ``tricolor.offsets``, an array of addresses; index 0 is none. Byte offsets would not
fit 32 bits, because linked code and data may lie far apart. All three share one table, because Go's names and types have one base:
package reflect resolves the ``NameOff`` of a package's path as a ``TypeOff``.

A name is Go's ``abi.Name``: a byte of flags (1 exported, 2 tag, 4 package, 8 embedded), length as varint and text, the same
for the tag if any, and 4 bytes NameOff of the package path if any.
"""

from __future__ import annotations

from typing import final

from tricolor.staticdata.llvmtypes import bytes_literal

EXPORTED = 1
HAS_TAG = 2
HAS_PACKAGE = 4
EMBEDDED = 8
NO_BITMAP = "@.gcbits.none = internal global i64 0, align 8"


def varint(n: int) -> bytes:
    """A number in groups of 7 bits, least significant first. The top bit of a byte says that another byte follows."""
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def encode_name(text: bytes, tag: bytes = b"", exported: bool = False, embedded: bool = False, package: int = 0) -> bytes:
    """Bytes of an abi.Name; ``package`` is the NameOff of its package's path, or 0."""
    flags = exported * EXPORTED | bool(tag) * HAS_TAG | bool(package) * HAS_PACKAGE | embedded * EMBEDDED
    out = bytes([flags]) + varint(len(text)) + text
    if tag:
        out += varint(len(tag)) + tag
    return out + package.to_bytes(4, "little") if package else out


def tag_bytes(tag: str) -> bytes:
    """A struct tag's bytes: the typed program holds one code point per byte; other text is UTF-8."""
    try:
        return tag.encode("latin-1")
    except UnicodeEncodeError:
        return tag.encode()


@final
class Tables:
    """What the descriptors of one program refer to by offsets; each is given its index when first asked for."""

    def __init__(self) -> None:
        self.constants: list[str] = []
        self._names: dict[bytes, str] = {}
        self._offsets: dict[str, int] = {"null": 0}
        self._bitmaps: dict[bytes, str] = {}

    def name(self, encoded: bytes) -> tuple[int, str]:
        """(NameOff, address) of an encoded name."""
        symbol = self._names.get(encoded)
        if symbol is None:
            symbol = self._names[encoded] = f"@.name.{len(self._names)}"
            self.constants.append(f"{symbol} = internal constant [{len(encoded)} x i8] {bytes_literal(encoded)}, align 1")
        return self.offset(symbol), symbol

    def package(self, path: str) -> int:
        """NameOff of a package path; 0 for none."""
        return self.name(encode_name(path.encode()))[0] if path else 0

    def offset(self, symbol: str) -> int:
        """TypeOff of the descriptor, TextOff of the code, with the quoted symbol."""
        return self._offsets.setdefault(symbol, len(self._offsets))

    def bitmap(self, bits: int) -> str:
        """Address of a pointer bitmap: one bit per word, in whole 8-byte groups; ``null`` without pointers."""
        if not bits:
            return "null"
        data = bits.to_bytes((bits.bit_length() + 63) // 64 * 8, "little")
        found = self._bitmaps.get(data)
        if found is None:
            found = self._bitmaps[data] = f"@.gcbits.{len(self._bitmaps)}"
            self.constants.append(f"{found} = internal constant [{len(data)} x i8] {bytes_literal(data)}, align 8")
        return found

    def no_bitmap(self) -> str:
        """What stands in place of the bitmap of a type that has none: the address of a word that is zero."""
        if NO_BITMAP not in self.constants:
            self.constants.append(NO_BITMAP)
        return "@.gcbits.none"

    def finish(self) -> str:
        """Definitions of all tables. Call it after the last offset was requested."""
        return "\n".join([*self.constants, pointer_table("tricolor.offsets", list(self._offsets))]) + "\n"


def pointer_table(symbol: str, entries: list[str]) -> str:
    """Definition of a constant array of addresses (of at least one element, so that it has an address of its own)."""
    listed = entries or ["null"]
    return f'@"{symbol}" = constant [{len(listed)} x ptr] [{", ".join(f"ptr {e}" for e in listed)}], align 8'


def count_of(symbol: str, n: int) -> str:
    """Definition of a constant i64."""
    return f'@"{symbol}" = constant i64 {n}, align 8'
