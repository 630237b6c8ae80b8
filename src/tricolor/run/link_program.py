"""Links compiled objects and stores the result in the cache: an image with its symbol table, or an executable."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tricolor.abi.exports import EXPORTED, START
from tricolor.cache.programs import Form
from tricolor.cache.store import read_entry, write_entry
from tricolor.executable.elf import DYNAMIC_BYTES, IMAGE_ADDRESS, elf_executable
from tricolor.executable.start_code import ENTRY, SYMBOL_TABLE
from tricolor.llvm.compile import line_table_of
from tricolor.llvm.line_tables import LineTable
from tricolor.llvm.link import Linked, link
from tricolor.run.symbols import SYMBOLS_HEAD_BYTES, pack_symbols, runtime_table, symbols_head


def link_program(keys: Sequence[str], form: Form) -> str:
    """Link the objects of these cache keys; gives the key of the entries ``image`` and ``symbols``, or ``executable``.

    Raises LinkFailure (a bug of ours), EnvironmentFault.
    """
    objects = [_object(key) for key in keys]
    digest = hashlib.sha256("".join(keys).encode()).hexdigest()
    match form:
        case Form.IMAGE:
            linked = link(objects, EXPORTED)
            write_entry("symbols", digest, _symbols(keys, linked))
            write_entry("image", digest, linked.image.to_bytes())
        case Form.EXECUTABLE:
            linked = link(objects, [ENTRY], {SYMBOL_TABLE: -SYMBOLS_HEAD_BYTES}, DYNAMIC_BYTES)
            write_entry("executable", digest, elf_executable(linked, ENTRY, _before_image(_symbols(keys, linked))))
    return digest


def _symbols(keys: Sequence[str], linked: Linked) -> bytes:
    tables = [LineTable.from_bytes(line_table_of(key)) for key in keys]
    # The kernels are the object that has the runtime's start.
    first = next(place.offset for place in linked.places if place.name == START)
    start = max(offset for offset in linked.text_offsets if offset <= first)
    end = min((offset for offset in linked.text_offsets if offset > start), default=linked.image.code_bytes)
    kernels = [place for place in linked.places if start <= place.offset < end]
    tables[linked.text_offsets.index(start)] = runtime_table(kernels, start)
    return pack_symbols(tables, linked.text_offsets)


def _before_image(symbols: bytes) -> bytes:
    """The symbol table; the head follows the records."""
    padding = bytes(-len(symbols) % 8)
    start = IMAGE_ADDRESS - SYMBOLS_HEAD_BYTES - len(padding) - len(symbols)
    return b"".join([symbols, padding, symbols_head(symbols, IMAGE_ADDRESS, start)])


def _object(key: str) -> bytes:
    data = read_entry("obj", key)
    assert data is not None, "objects are compiled before they are linked"
    return data
