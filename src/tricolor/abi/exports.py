"""Symbols that every program exports to its runner."""

from __future__ import annotations

from typing import Final

START: Final = "tricolor.start"
SET_SYMBOLS: Final = "tricolor.set_symbols"
ACCOUNT: Final = "tricolor.account"
STATISTICS: Final = "tricolor.statistics"
SEED: Final = "tricolor.seed"

EXPORTED: Final = (START, SET_SYMBOLS, ACCOUNT, STATISTICS, SEED)
