"""The parts of a linker symbol: the path of a package and a name within it."""

from __future__ import annotations


def split_symbol(symbol: str) -> tuple[str, str]:
    """Package path and name of a linker symbol: the path ends at the first dot after its last slash. Slashes in type arguments do not count."""
    head = symbol.partition("[")[0].partition("(")[0]
    dot = head.find(".", head.rfind("/") + 1)
    return (symbol[:dot], symbol[dot + 1 :]) if dot >= 0 else ("", symbol)
