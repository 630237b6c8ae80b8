"""Changes of settings while the program runs: entries for package runtime.

Source:
    Go 1.27.3 runtime/mgcpacer.go (setGCPercent, setMemoryLimit).
"""

from __future__ import annotations

from tricolor.kernel.lang import i32, i64, systemstack, to_i32, to_i64, u64
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.marking import is_marking
from tricolor.runtime.allocator.mcache import flush_mcache
from tricolor.runtime.allocator.mcentral import init_layouts
from tricolor.runtime.allocator.settings import exchange_setting, settings
from tricolor.runtime.collector.cycle import begin_automatic
from tricolor.runtime.collector.cycles import cycles
from tricolor.runtime.collector.pacing import set_goal
from tricolor.runtime.records.machine import mcache
from tricolor.runtime.settings_keys import ARENA_BYTES, GC_PERCENT, MEMORY_LIMIT, SAMPLE_BYTES


@systemstack("runtime.configure")
def configure(key: u64, value: i64) -> i64:
    """Changes a setting (settings_keys); gives its previous value, or -1 for an unknown key. Starts the heap, but for ARENA_BYTES."""
    if key != ARENA_BYTES:
        init_layouts()
    previous = exchange_setting(key, value)
    if mheap.layout_count != 0:
        # A setting that has to see every allocation must not miss those that the present run would serve. Other threads notice
        # it when their runs are used up.
        flush_mcache(mcache())
        if key == GC_PERCENT or key == MEMORY_LIMIT:
            set_goal(cycles.marked)
    return previous


@systemstack("runtime.gcsetpercent")
def gc_set_percent(percent: i32) -> i32:
    """debug.SetGCPercent, while the world is stopped."""
    return to_i32(configure(GC_PERCENT, to_i64(percent) if percent >= 0 else -1))


@systemstack("runtime.gcbegindue")
def gc_begin_due() -> None:
    """Begins a cycle if the heap has reached the trigger, which may be a new one."""
    if mheap.live >= mheap.trigger and is_marking.value == 0:
        begin_automatic()


@systemstack("runtime.gcsetlimit")
def gc_set_limit(limit_bytes: i64) -> i64:
    """debug.SetMemoryLimit, while the world is stopped; a negative limit changes nothing."""
    if limit_bytes < 0:
        return settings[MEMORY_LIMIT]
    return configure(MEMORY_LIMIT, limit_bytes)


@systemstack("runtime.setsamplebytes")
def set_sample_bytes(rate: i64) -> None:
    """The program has set runtime.MemProfileRate. The world is stopped."""
    configure(SAMPLE_BYTES, rate)
