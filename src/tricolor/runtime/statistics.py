"""Statistics for the report of a program: counters of heap, collector and scheduler, and objects by allocation site.

Whoever runs the program calls ``tricolor.account`` before it starts and ``tricolor.statistics`` after it ended. The order of the
numbers is that of ``abi.statistics.NAMES``.
"""

from __future__ import annotations

from tricolor.kernel.lang import addr, export, kernel, store_u64, to_u64, u64
from tricolor.runtime.allocator.accounting import site_counts
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.settings import exchange_setting
from tricolor.runtime.allocator.sizes import PAGE_SHIFT
from tricolor.runtime.collector.cycles import cycles
from tricolor.runtime.collector.sweep import finish_sweep
from tricolor.runtime.records.process import counters
from tricolor.runtime.records.processor import flush_mcaches, goroutines_created, switches
from tricolor.runtime.settings_keys import ACCOUNTING
from tricolor.runtime.system.clock import nanotime

WORD_BYTES = 8


@export("tricolor.account")
def account(counts: addr) -> None:
    """Count every allocation in ``counts``: two u64 (objects, bytes) for each site number. Before the program starts."""
    site_counts.value = counts
    exchange_setting(ACCOUNTING, 1)


@export("tricolor.statistics")
def statistics(into: addr) -> None:
    """Store the counters, u64 each. After the program ended."""
    finish_sweep()
    flush_mcaches()
    at = put(into, mheap.objects_allocated)
    at = put(at, mheap.bytes_allocated)
    at = put(at, mheap.live)
    at = put(at, mheap.pages_in_use << PAGE_SHIFT)
    at = put(at, max(cycles.peak_pages, mheap.pages_in_use) << PAGE_SHIFT)
    at = put(at, cycles.count)
    at = put(at, cycles.forced)
    at = put(at, cycles.pause_total_ns)
    at = put(at, longest_pause_ns())
    at = put(at, to_u64(nanotime() - mheap.started_ns))
    at = put(at, cycles.marked)
    at = put(at, goroutines_created())
    at = put(at, counters.goroutines_peak)
    at = put(at, counters.stack_growths)
    at = put(at, counters.largest_stack_bytes)
    at = put(at, counters.segment_bytes_peak)
    put(at, switches())


@kernel
def put(at: addr, value: u64) -> addr:
    """Store a number; gives the place after it."""
    store_u64(at, value)
    return at + WORD_BYTES


@kernel
def longest_pause_ns() -> u64:
    """The longest pause of the last 256 cycles."""
    longest: u64 = 0
    for index in range(256):
        longest = max(longest, cycles.pauses_ns[index])
    return longest
