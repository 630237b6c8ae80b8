"""One import for code generators: references to data (``DataEmitter``), static values (``StaticValues``), the data module."""

from __future__ import annotations

from tricolor.staticdata.datamodule import DataModules, emit_data_modules
from tricolor.staticdata.emitter import (
    DataEmitter,
    Needed,
    closure_symbol,
    is_closure,
    itab_symbol,
    layout_symbol,
    type_symbol,
)
from tricolor.staticdata.statics import StaticValues, const_text, float_text, round_fraction

__all__ = [
    "DataEmitter",
    "DataModules",
    "Needed",
    "StaticValues",
    "closure_symbol",
    "const_text",
    "emit_data_modules",
    "float_text",
    "is_closure",
    "itab_symbol",
    "layout_symbol",
    "round_fraction",
    "type_symbol",
]
