"""Simulated memory: a sparse 64-bit address space that faults on every invalid access.

Terms:
    mapping     a range with a protection, made by ``map``; its pages come into being when touched
    os page     4096 bytes
    poisoned    mapped, but not to be accessed (an allocator's freed memory, a global's padding)

Invariants:
    1. A page MUST be in ``_readable`` only if a mapping with READ covers it, in ``_writable`` only with
       WRITE. Otherwise a fault would be missed. Kept by SimulatedMemory.map(),
       SimulatedMemory.unmap() and SimulatedMemory.protect().
    2. The address of an unmapped range MUST NOT be chosen again for a new mapping. Otherwise a dangling
       pointer would go unnoticed. Kept by SimulatedMemory.map(): ``_next`` only rises.
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias, final

PAGE_BYTES: Final = 4096
PAGE_SHIFT: Final = 12
OFFSET_MASK: Final = PAGE_BYTES - 1
ADDRESS_LIMIT: Final = 1 << 64
FIRST_ADDRESS: Final = 0x7000_0000_0000
# The gap between mappings whose address the simulation chooses, so that an overrun faults.
GUARD_BYTES: Final = 16 * PAGE_BYTES
# Structs in frames lie above it, each at the end of pages of its own, with an unmapped page after them.
FRAMES_ADDRESS: Final = 0x7800_0000_0000

NONE: Final = 0
READ: Final = 1
WRITE: Final = 2

FORMATS: Final = {
    (1, False): struct.Struct("<B"),
    (2, False): struct.Struct("<H"),
    (4, False): struct.Struct("<I"),
    (8, False): struct.Struct("<Q"),
    (1, True): struct.Struct("<b"),
    (2, True): struct.Struct("<h"),
    (4, True): struct.Struct("<i"),
    (8, True): struct.Struct("<q"),
}
DOUBLE: Final = struct.Struct("<d")
# The same formats for memoryview, which uses the byte order of the host: little-endian, too.
VIEW_FORMATS: Final[dict[tuple[int, bool], Any]] = {
    (1, False): "B",
    (2, False): "H",
    (4, False): "I",
    (8, False): "Q",
    (1, True): "b",
    (2, True): "h",
    (4, True): "i",
    (8, True): "q",
}
INDICES: Final[dict[int, Any]] = {
    length: tuple(None if at % length else at // length for at in range(PAGE_BYTES)) for length in (1, 2, 4, 8)
}
"""By the length of an access: the index in a view of a page by offset; None where the offset is misaligned."""

View: TypeAlias = Any
"""A memoryview of integers; their type depends on the format."""


class SimulationFaultError(Exception):
    """The simulated program did something that is undefined natively; ``trace`` lists kernel positions, innermost last."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.trace: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n    at ".join([self.message, *reversed(self.trace)])


class MemoryFaultError(SimulationFaultError):
    """An access to memory that is unmapped, freed, protected, poisoned or misaligned."""

    def __init__(self, kind: str, action: str, address: int, length_bytes: int) -> None:
        super().__init__(f"{kind}: {action} of {length_bytes} bytes at {address:#x}")
        self.kind = kind
        self.address = address


class Mapping(NamedTuple):
    """A mapped range, end excluded."""

    start: int
    end: int
    protection: int


class MemorySnapshot(NamedTuple):
    """The state that ``SimulatedMemory.restore`` brings back."""

    mappings: tuple[Mapping, ...]
    pages: dict[int, bytes]
    poison: dict[int, bytes]
    freed: tuple[tuple[int, int], ...]
    next: int


@final
class SimulatedMemory:
    """An address space: mappings, lazily made pages, and poison."""

    def __init__(self) -> None:
        self._mappings: list[Mapping] = []
        self._pages: dict[int, bytearray] = {}
        self._readable: dict[int, bytearray] = {}
        self._writable: dict[int, bytearray] = {}
        self._poison: dict[int, bytearray] = {}
        self._freed: list[tuple[int, int]] = []
        # By format and action: the pages as arrays, each up to its first poisoned byte.
        self._views: dict[tuple[str, int], dict[int, View]] = {}
        self._next = FIRST_ADDRESS
        self._next_frame = FRAMES_ADDRESS

    # --- Mappings ---------------------------------------------------------------------------------

    def map(self, length_bytes: int, protection: int = READ | WRITE, at: int | None = None, align_bytes: int = 1) -> int:
        """Maps zeroed memory and gives its address; ``at`` replaces what is there."""
        length = -(-length_bytes // PAGE_BYTES) * PAGE_BYTES
        if at is None:
            step = max(align_bytes, PAGE_BYTES)
            at = -(-self._next // step) * step
            self._next = at + length + GUARD_BYTES
        else:
            self._require_page(at)
            self._carve(at, at + length)
            self._next = max(self._next, at + length + GUARD_BYTES) if at >= FIRST_ADDRESS else self._next
        bisect.insort(self._mappings, Mapping(at, at + length, protection))
        return at

    def unmap(self, address: int, length_bytes: int) -> None:
        """Removes mappings; later accesses fault as freed."""
        self._require_page(address)
        length = -(-length_bytes // PAGE_BYTES) * PAGE_BYTES
        self._carve(address, address + length)
        self._freed.append((address, address + length))

    def protect(self, address: int, length_bytes: int, protection: int) -> None:
        """Changes the protection of a mapped range; its contents stay."""
        self._require_page(address)
        end = address + -(-length_bytes // PAGE_BYTES) * PAGE_BYTES
        kept = {number: page for number, page in self._pages.items() if address <= number << PAGE_SHIFT < end}
        poison = {number: self._poison[number] for number in kept if number in self._poison}
        for mapping in self._covering(address, end):
            low, high = max(address, mapping.start), min(end, mapping.end)
            self._carve(low, high)
            bisect.insort(self._mappings, Mapping(low, high, protection))
        self._poison.update(poison)
        for number, page in kept.items():
            self._place(number, page, protection)

    def discard(self, address: int, length_bytes: int) -> None:
        """Makes the pages of a mapped range zero again (madvise DONTNEED)."""
        self._require_page(address)
        for mapping in self._covering(address, address + length_bytes):
            low = max(address, mapping.start) >> PAGE_SHIFT
            high = min(address + length_bytes + OFFSET_MASK, mapping.end) >> PAGE_SHIFT
            for number in [each for each in self._pages if low <= each < high]:
                self._pages[number][:] = bytes(PAGE_BYTES)

    def snapshot(self) -> MemorySnapshot:
        """A copy of everything, for ``restore``."""
        pages = {number: bytes(page) for number, page in self._pages.items()}
        poison = {number: bytes(shadow) for number, shadow in self._poison.items()}
        return MemorySnapshot(tuple(self._mappings), pages, poison, tuple(self._freed), self._next)

    def restore(self, snapshot: MemorySnapshot) -> None:
        """Makes everything as it was when the snapshot was taken. Cost: the pages of the snapshot."""
        self._freed[:] = snapshot.freed
        self._next = snapshot.next
        if tuple(self._mappings) == snapshot.mappings and self._poison == snapshot.poison:
            self._restore_pages(snapshot)
            return
        self._mappings[:] = snapshot.mappings
        for table in (self._pages, self._readable, self._writable, self._poison, *self._views.values()):
            table.clear()
        self._poison.update((number, bytearray(shadow)) for number, shadow in snapshot.poison.items())
        for number, page in snapshot.pages.items():
            covering = self._covering(number << PAGE_SHIFT, (number + 1) << PAGE_SHIFT)
            # Structs in frames have pages without a mapping.
            self._place(number, bytearray(page), covering[0].protection if covering else READ | WRITE)

    def _restore_pages(self, snapshot: MemorySnapshot) -> None:
        """Restores what pages hold, in place: mappings and poison are those of the snapshot."""
        for number in [each for each in self._pages if each not in snapshot.pages]:
            self._remove(number)
        for number, page in snapshot.pages.items():
            present = self._pages.get(number)
            if present is None:
                covering = self._covering(number << PAGE_SHIFT, (number + 1) << PAGE_SHIFT)
                self._place(number, bytearray(page), covering[0].protection if covering else READ | WRITE)
            elif bytes(present) != page:
                present[:] = page

    def mapped_bytes(self) -> int:
        """Bytes of address space that are mapped."""
        return sum(each.end - each.start for each in self._mappings)

    def touched_bytes(self) -> int:
        """Bytes of pages that came into being."""
        return len(self._pages) * PAGE_BYTES

    def _require_page(self, address: int) -> None:
        if address & OFFSET_MASK or not 0 <= address < ADDRESS_LIMIT:
            raise MemoryFaultError("not a page boundary", "mapping", address, 0)

    def _covering(self, start: int, end: int) -> list[Mapping]:
        return [each for each in self._mappings if each.start < end and start < each.end]

    def _carve(self, start: int, end: int) -> None:
        for mapping in self._covering(start, end):
            self._mappings.remove(mapping)
            if mapping.start < start:
                bisect.insort(self._mappings, Mapping(mapping.start, start, mapping.protection))
            if end < mapping.end:
                bisect.insort(self._mappings, Mapping(end, mapping.end, mapping.protection))
        for number in [each for each in self._pages if start <= each << PAGE_SHIFT < end]:
            self._remove(number)

    def _remove(self, number: int) -> None:
        for table in (self._pages, self._readable, self._writable, self._poison, *self._views.values()):
            table.pop(number, None)

    def _place(self, number: int, page: bytearray, protection: int) -> None:
        self._pages[number] = page
        if protection & READ:
            self._readable[number] = page
        if protection & WRITE:
            self._writable[number] = page

    def _touch(self, address: int, needed: int, action: str, length: int) -> bytearray:
        """The page of an address that is not in the tables yet; faults if no mapping allows the access."""
        index = bisect.bisect_right(self._mappings, address, key=lambda each: each.start) - 1
        mapping = self._mappings[index] if index >= 0 else None
        if mapping is None or address >= mapping.end:
            freed = self._was_in_frame(address) or any(start <= address < end for start, end in self._freed)
            kind = "freed memory" if freed else ("null pointer" if address < PAGE_BYTES else "unmapped memory")
            raise MemoryFaultError(kind, action, address, length)
        if not mapping.protection & needed:
            raise MemoryFaultError("protected memory", action, address, length)
        page = bytearray(PAGE_BYTES)
        self._place(address >> PAGE_SHIFT, page, mapping.protection)
        return page

    # --- Structs in frames ------------------------------------------------------------------------

    def enter_struct(self, size_bytes: int) -> int:
        """Memory for a struct in the frame of a function, until ``leave_struct``; never given out again."""
        pages = -(-size_bytes // PAGE_BYTES)
        start = self._next_frame
        self._next_frame = start + (pages + 1) * PAGE_BYTES
        for number in range(start >> PAGE_SHIFT, (start >> PAGE_SHIFT) + pages):
            self._place(number, bytearray(PAGE_BYTES), READ | WRITE)
        return start + pages * PAGE_BYTES - size_bytes

    def leave_struct(self, address: int, size_bytes: int) -> None:
        """The function returns: later accesses fault as freed."""
        for number in range(address >> PAGE_SHIFT, -(-(address + size_bytes) // PAGE_BYTES)):
            self._remove(number)

    def _was_in_frame(self, address: int) -> bool:
        """Whether the address lies in a struct that ended with its function, and not just after one that lives."""
        return FRAMES_ADDRESS <= address < self._next_frame and (address >> PAGE_SHIFT) - 1 not in self._pages

    def clear_struct(self, address: int, size_bytes: int) -> None:
        """Zeroes a struct in a frame."""
        self.write(address, bytes(size_bytes))

    # --- Poison -----------------------------------------------------------------------------------

    def poison(self, address: int, length_bytes: int) -> None:
        """Makes every access to the bytes fault until ``unpoison``."""
        self._fill_poison(address, length_bytes, 1)

    def unpoison(self, address: int, length_bytes: int) -> None:
        """Allows access to the bytes again."""
        self._fill_poison(address, length_bytes, 0)

    def _fill_poison(self, address: int, length_bytes: int, mark: int) -> None:
        while length_bytes > 0:
            offset = address & OFFSET_MASK
            step = min(length_bytes, PAGE_BYTES - offset)
            shadow = self._poison.setdefault(address >> PAGE_SHIFT, bytearray(PAGE_BYTES))
            shadow[offset : offset + step] = bytes([mark]) * step
            for views in self._views.values():
                views.pop(address >> PAGE_SHIFT, None)
            address += step
            length_bytes -= step

    def _check_poison(self, address: int, length: int, action: str) -> None:
        shadow = self._poison.get(address >> PAGE_SHIFT)
        offset = address & OFFSET_MASK
        if shadow is not None and any(shadow[offset : offset + length]):
            raise MemoryFaultError("poisoned memory", action, address, length)

    # --- Access -----------------------------------------------------------------------------------

    def load(self, address: int, length: int, signed: bool = False) -> int:
        """An integer of 1, 2, 4 or 8 bytes, naturally aligned, little endian."""
        if address & (length - 1):
            raise MemoryFaultError("misaligned", "load", address, length)
        page = self._readable.get(address >> PAGE_SHIFT)
        if page is None:
            page = self._touch(address, READ, "load", length)
        if self._poison:
            self._check_poison(address, length, "load")
        return FORMATS[length, signed].unpack_from(page, address & OFFSET_MASK)[0]

    def store(self, address: int, length: int, value: int) -> None:
        """Stores the low bytes of an integer, naturally aligned."""
        if address & (length - 1):
            raise MemoryFaultError("misaligned", "store", address, length)
        page = self._writable.get(address >> PAGE_SHIFT)
        if page is None:
            page = self._touch(address, WRITE, "store", length)
        if self._poison:
            self._check_poison(address, length, "store")
        FORMATS[length, False].pack_into(page, address & OFFSET_MASK, value & ((1 << (8 * length)) - 1))

    def loader(self, length: int, signed: bool) -> Callable[[int], int]:
        """A function that does what ``load`` does, in a fifth of the time."""
        indices, form = INDICES[length], VIEW_FORMATS[length, signed]
        views = self._views.setdefault((form, READ), {})

        def load(address: int) -> int:
            try:
                return views[address >> PAGE_SHIFT][indices[address & OFFSET_MASK]]
            except (KeyError, IndexError, TypeError):
                # The page is new, or the access is misaligned, beyond a poisoned byte, or a fault.
                value = self.load(address, length, signed)
                self._view(views, self._readable, address >> PAGE_SHIFT, form)
                return value

        return load

    def storer(self, length: int, signed: bool) -> Callable[[int, int], None]:
        """A function that does what ``store`` does, in a fifth of the time."""
        indices, form = INDICES[length], VIEW_FORMATS[length, signed]
        views = self._views.setdefault((form, WRITE), {})

        def store(address: int, value: int) -> None:
            try:
                views[address >> PAGE_SHIFT][indices[address & OFFSET_MASK]] = value
            except (KeyError, IndexError, TypeError, ValueError):
                self.store(address, length, value)
                self._view(views, self._writable, address >> PAGE_SHIFT, form)

        return store

    def _view(self, views: dict[int, View], pages: dict[int, bytearray], number: int, form: Any) -> None:
        """Notes the page as an array, up to its first poisoned byte: accesses beyond that go through load() and store()."""
        if number not in views:
            shadow = self._poison.get(number)
            end = shadow.find(1) if shadow is not None else -1
            whole = memoryview(pages[number])
            size = struct.calcsize(form)
            views[number] = whole[: end // size * size if end >= 0 else PAGE_BYTES].cast(form)

    def load_double(self, address: int) -> float:
        """An f64, naturally aligned."""
        return DOUBLE.unpack(self.load(address, 8).to_bytes(8, "little"))[0]

    def store_double(self, address: int, value: float) -> None:
        """Stores an f64, naturally aligned."""
        self.store(address, 8, int.from_bytes(DOUBLE.pack(value), "little"))

    def read(self, address: int, length_bytes: int) -> bytes:
        """Any number of bytes."""
        out = bytearray()
        while length_bytes > 0:
            offset = address & OFFSET_MASK
            step = min(length_bytes, PAGE_BYTES - offset)
            page = self._readable.get(address >> PAGE_SHIFT)
            if page is None:
                page = self._touch(address, READ, "load", step)
            self._check_poison(address, step, "load")
            out += page[offset : offset + step]
            address += step
            length_bytes -= step
        return bytes(out)

    def write(self, address: int, data: bytes) -> None:
        """Any number of bytes."""
        done = 0
        while done < len(data):
            offset = address & OFFSET_MASK
            step = min(len(data) - done, PAGE_BYTES - offset)
            page = self._writable.get(address >> PAGE_SHIFT)
            if page is None:
                page = self._touch(address, WRITE, "store", step)
            self._check_poison(address, step, "store")
            page[offset : offset + step] = data[done : done + step]
            address += step
            done += step
