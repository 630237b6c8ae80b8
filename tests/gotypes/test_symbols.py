"""A linker symbol is split where the path of its package ends."""

from __future__ import annotations

import pytest

from tricolor.gotypes.symbols import split_symbol


@pytest.mark.parametrize(
    ("symbol", "path", "name"),
    [
        ("main.main", "main", "main"),
        ("encoding/json.(*Decoder).Decode", "encoding/json", "(*Decoder).Decode"),
        ("example.com/m/v2.T.M.func1", "example.com/m/v2", "T.M.func1"),
        ("a/b.F[c/d.T]", "a/b", "F[c/d.T]"),
        ("a.(*Heap[c/d.T]).Push", "a", "(*Heap[c/d.T]).Push"),
        ("memmove", "", "memmove"),
        ("", "", ""),
    ],
)
def test_a_symbol_is_split_after_the_path_of_its_package(symbol: str, path: str, name: str) -> None:
    assert split_symbol(symbol) == (path, name)
