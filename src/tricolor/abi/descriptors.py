"""One import for code generators: references to data (``DataEmitter``), static values (``StaticValues``), the data module."""

from __future__ import annotations

from tricolor.abi.datamodule import emit_data_module
from tricolor.abi.emitter import (
    DataEmitter,
    Needed,
    closure_symbol,
    is_closure,
    itab_symbol,
    layout_symbol,
    type_symbol,
)
from tricolor.abi.statics import StaticValues, const_text, float_text, round_fraction

__all__ = [
    "DataEmitter",
    "Needed",
    "StaticValues",
    "closure_symbol",
    "const_text",
    "emit_data_module",
    "float_text",
    "is_closure",
    "itab_symbol",
    "layout_symbol",
    "round_fraction",
    "type_symbol",
]
