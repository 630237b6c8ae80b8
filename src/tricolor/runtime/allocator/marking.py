"""Whether the collector marks: the flag that the write barrier tests.

The flag changes only while no goroutine runs. ``collector.barrier`` changes it, and so does the setting BARRIER.

Source:
    Go 1.27.3 runtime/mgc.go (writeBarrier, setGCPhase).
"""

from __future__ import annotations

from tricolor.kernel.lang import global_value, u32

# 1 while the collector marks, else 0. Compiled Go code reads it after each store of a pointer.
marking = global_value(u32, symbol_name="tricolor.marking")
