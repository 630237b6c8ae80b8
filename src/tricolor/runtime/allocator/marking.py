"""Whether the collector marks: the flags that the write barrier and the allocator test.

They change only while no goroutine runs. ``collector.barrier`` changes them, and the setting BARRIER keeps the first one on.

Source:
    Go 1.27.3 runtime/mgc.go (writeBarrier, setGCPhase).
"""

from __future__ import annotations

from tricolor.kernel.lang import global_value, u32

# 1: the write barrier shades. Compiled Go code reads it after each store of a pointer.
marking = global_value(u32, symbol_name="tricolor.marking")
# 1 while the collector marks: objects are allocated black, and what the barrier shades is kept.
is_marking = global_value(u32, symbol_name="tricolor.is_marking")
