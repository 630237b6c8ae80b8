"""Compiled objects to what a run needs: an image and its symbol table, both in the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tricolor.abi.exports import EXPORTED
from tricolor.cache.store import read_entry, write_entry
from tricolor.llvm.compile import line_table_of
from tricolor.llvm.line_tables import LineTable
from tricolor.llvm.link import link
from tricolor.run.symbols import pack_symbols


def link_program(keys: Sequence[str]) -> str:
    """Link the objects of these cache keys; gives the key of the entries ``image`` and ``symbols``.

    Raises LinkFailure (a bug of ours), EnvironmentFault.
    """
    linked = link([_object(key) for key in keys], EXPORTED)
    tables = [LineTable.from_bytes(line_table_of(key)) for key in keys]
    digest = hashlib.sha256("".join(keys).encode()).hexdigest()
    write_entry("symbols", digest, pack_symbols(tables, linked.text_offsets))
    write_entry("image", digest, linked.image.to_bytes())
    return digest


def _object(key: str) -> bytes:
    data = read_entry("obj", key)
    assert data is not None, "objects are compiled before they are linked"
    return data
