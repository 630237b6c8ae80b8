"""Text that the collector and the allocator write to standard error (gctrace lines), and what it tells of each allocation.

Source:
    Go 1.27.3 runtime/mgc.go (printing of gctrace), runtime/mgc.go (fmtNSAsMS); facts: section 1.9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tricolor.kernel.lang import (
    Struct,
    addr,
    as_struct,
    call_address,
    global_value,
    kernel,
    size_of,
    text,
    to_addr,
    to_u64,
    u32,
    u64,
)
from tricolor.runtime.allocator.heap_types import mheap, options
from tricolor.runtime.allocator.mheap import reserve_table
from tricolor.runtime.collector.roots import marker
from tricolor.runtime.system.output import flush_output, put, put_number

if TYPE_CHECKING:
    from tricolor.runtime.collector.cycle import cycles

MIB_SHIFT = 20
NS_PER_MS = 1_000_000
TEN_MS = 10_000_000
MAX_SITES = 1 << 20
TRACE_MALLOC = 1
TRACE_FREE = 2
TRACE_COLLECTION = 3


class SiteCount(Struct):
    """What one site of the program allocated."""

    objects: u64
    bytes: u64


site = global_value(u32, symbol_name="tricolor.site")
# Address of a table of SiteCount, by site number; 0 unless the option accounting is on.
site_counts = global_value(addr, symbol_name="tricolor.site_counts")
# Code (kind, object, bytes) that tells of each allocation, free and cycle (runtime/allocation_trace.py).
trace_hook = global_value(addr, symbol_name="tricolor.trace_hook")


@kernel
def put_decimal(value: u64, digits: u64) -> None:
    """Adds ``value / 10**digits`` with all its decimals."""
    scale: u64 = 1
    for _each in range(digits):
        scale *= 10
    put_number(value // scale)
    if digits == 0:
        return
    put(*text("."))
    rest = value % scale
    while scale > 1:
        scale //= 10
        put_number(rest // scale % 10)


@kernel
def put_ms(duration_ns: u64) -> None:
    """Adds a duration in milliseconds as Go does: whole above 10 ms, else two digits and at most three decimals."""
    if duration_ns >= TEN_MS:
        put_number(duration_ns // NS_PER_MS)
        return
    value = duration_ns // 1000
    if value == 0:
        put(*text("0"))
        return
    digits: u64 = 3
    while value >= 100:
        value //= 10
        digits -= 1
    put_decimal(value, digits)


@kernel
def print_gctrace() -> None:
    """The line of GODEBUG=gctrace=1 for the cycle that has just ended."""
    setup = to_u64(cycles.mark_start_ns - cycles.begin_ns)
    mark = to_u64(cycles.mark_end_ns - cycles.mark_start_ns)
    ending = to_u64(cycles.end_ns - cycles.mark_end_ns)
    since = to_u64(cycles.begin_ns - mheap.started_ns)
    total = max(to_u64(cycles.end_ns - mheap.started_ns), 1)
    put(*text("gc "))
    put_number(cycles.count)
    put(*text(" @"))
    put_decimal(since // NS_PER_MS, 3)
    put(*text("s "))
    put_number(cycles.pause_total_ns * 100 // total)
    put(*text("%: "))
    # The world is stopped throughout: what Go calls concurrent marking is the time of marking here.
    put_ms(setup)
    put(*text("+"))
    put_ms(mark)
    put(*text("+"))
    put_ms(ending)
    put(*text(" ms clock, "))
    put_ms(setup)
    put(*text("+0/"))
    put_ms(mark)
    put(*text("/0+"))
    put_ms(ending)
    put(*text(" ms cpu, "))
    put_sizes()
    put(*text(" MB globals, 1 P"))
    if cycles.is_forced != 0:
        put(*text(" (forced)"))
    put(*text("\n"))
    flush_output()


@kernel
def put_sizes() -> None:
    """The sizes in a gctrace line, all in MiB."""
    put_number(cycles.heap_at_start >> MIB_SHIFT)
    put(*text("->"))
    put_number(cycles.heap_at_end >> MIB_SHIFT)
    put(*text("->"))
    put_number(cycles.marked >> MIB_SHIFT)
    put(*text(" MB, "))
    put_number(cycles.goal_at_start >> MIB_SHIFT)
    put(*text(" MB goal, "))
    put_number(marker.stack_bytes >> MIB_SHIFT)
    put(*text(" MB stacks, "))
    put_number(marker.global_bytes >> MIB_SHIFT)


@kernel
def note_allocation(object: addr, size_bytes: u64) -> None:
    """Called for every allocation while an option asks for it."""
    if options.accounting != 0:
        count_site(size_bytes)
    if options.trace_allocations != 0:
        tell(TRACE_MALLOC, object, size_bytes)


@kernel
def note_free(object: addr, size_bytes: u64) -> None:
    """Called for every freed object while allocations are traced."""
    tell(TRACE_FREE, object, size_bytes)


@kernel
def note_collection() -> None:
    """Called at the start of every cycle while allocations are traced."""
    tell(TRACE_COLLECTION, to_addr(0), 0)


@kernel
def tell(kind: u64, object: addr, size_bytes: u64) -> None:
    """Hands an event to whoever traces."""
    if to_u64(trace_hook.value) != 0:
        call_address(trace_hook.value, (u64, addr, u64), None, kind, object, size_bytes)


@kernel
def count_site(size_bytes: u64) -> None:
    """Adds one object to the site that allocates."""
    if to_u64(site_counts.value) == 0:
        site_counts.value = reserve_table(MAX_SITES * size_of(SiteCount))
    number = to_u64(site.value)
    if number >= MAX_SITES:
        number = 0
    counts = as_struct(SiteCount, site_counts.value + number * size_of(SiteCount))
    counts.objects += 1
    counts.bytes += size_bytes
