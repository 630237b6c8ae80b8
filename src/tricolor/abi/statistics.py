"""Names of the numbers that ``tricolor.statistics`` stores, in order (runtime/statistics.py)."""

from __future__ import annotations

from typing import Final

NAMES: Final = (
    "objects_allocated",
    "bytes_allocated",
    "live_bytes",
    "heap_bytes",
    "heap_peak_bytes",
    "cycles",
    "forced_cycles",
    "pause_total_ns",
    "pause_max_ns",
    "run_ns",
    "marked_bytes",
    "goroutines_created",
    "goroutines_peak",
    "stack_growths",
    "largest_stack_bytes",
    "stack_peak_bytes",
    "switches",
)
