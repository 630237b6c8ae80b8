"""Accounting: counts what each site of the program allocates, and reports each allocation, free and cycle to a trace.

The settings ACCOUNTING and TRACE_ALLOCATIONS turn it on. Both make every allocation take the slow path, which calls
note_allocation().
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    Struct,
    addr,
    as_struct,
    atomic_add,
    atomic_compare_exchange,
    atomic_load,
    call_address,
    global_value,
    kernel,
    size_of,
    to_addr,
    to_u64,
    u32,
    u64,
)
from tricolor.runtime.allocator.mheap import reserve_table
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.settings_keys import ACCOUNTING, TRACE_ALLOCATIONS
from tricolor.runtime.system.memory import unreserve

MAX_SITES = 1 << 20
TRACE_MALLOC = 1
TRACE_FREE = 2
TRACE_COLLECTION = 3


class SiteCount(Struct):
    """What the program allocated at one site."""

    objects: u64
    bytes: u64


# Address of a table of SiteCount by site number; 0 until an object is counted.
site_counts = global_value(addr, symbol_name="tricolor.site_counts")
# Code that is called with each event (kind, object, bytes); 0: none. runtime/allocation_trace.py sets it.
trace_hook = global_value(addr, symbol_name="tricolor.trace_hook")


@kernel
def note_allocation(object: addr, size_bytes: u64, site: u32) -> None:
    """Counts and reports an allocation, as the settings ask."""
    if settings[ACCOUNTING] != 0:
        count_site(site, size_bytes)
    if settings[TRACE_ALLOCATIONS] != 0:
        report(TRACE_MALLOC, object, size_bytes)


@kernel
def note_free(object: addr, size_bytes: u64) -> None:
    """Reports an object that is about to be freed."""
    report(TRACE_FREE, object, size_bytes)


@kernel
def note_collection() -> None:
    """Reports the start of a cycle."""
    report(TRACE_COLLECTION, to_addr(0), 0)


@kernel
def report(kind: u64, object: addr, size_bytes: u64) -> None:
    """Calls the trace with an event."""
    if to_u64(trace_hook.value) != 0:
        call_address(trace_hook.value, (u64, addr, u64), None, kind, object, size_bytes)


@kernel
def count_site(site: u32, size_bytes: u64) -> None:
    """Counts one object at the site that allocates. Several threads count at once."""
    if to_u64(atomic_load(site_counts.value, "acquire")) == 0:
        table = reserve_table(MAX_SITES * size_of(SiteCount))
        if not atomic_compare_exchange(site_counts.value, to_addr(0), table, "acq_rel"):
            unreserve(table, MAX_SITES * size_of(SiteCount))
    number = to_u64(site)
    if number >= MAX_SITES:
        number = 0
    counts = as_struct(SiteCount, site_counts.value + number * size_of(SiteCount))
    atomic_add(counts.objects, 1, "relaxed")
    atomic_add(counts.bytes, size_bytes, "relaxed")
