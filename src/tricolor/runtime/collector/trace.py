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
    field_address,
    global_array,
    global_struct,
    global_value,
    kernel,
    memory_copy,
    size_of,
    store_u8,
    text,
    to_addr,
    to_u8,
    to_u64,
    u8,
    u32,
    u64,
)
from tricolor.runtime.allocator.heap_types import mheap, options
from tricolor.runtime.allocator.mheap import reserve_table
from tricolor.runtime.allocator.system import print_text
from tricolor.runtime.collector.roots import marker

if TYPE_CHECKING:
    from tricolor.runtime.collector.cycle import cycles

LINE_BYTES = 512
MIB_SHIFT = 20
NS_PER_MS = 1_000_000
TEN_MS = 10_000_000
MAX_SITES = 1 << 20
TRACE_MALLOC = 1
TRACE_FREE = 2
TRACE_COLLECTION = 3
TRACE_END = 4


class Line(Struct):
    """The line being made, so that it is written at once."""

    length: u64


class SiteCount(Struct):
    """What one site of the program allocated."""

    objects: u64
    bytes: u64


line = global_struct(Line)
line_text = global_array(u8, LINE_BYTES)
site = global_value(u32, symbol_name="tricolor.site")
# Address of a table of SiteCount, by site number; 0 unless the option accounting is on.
site_counts = global_value(addr, symbol_name="tricolor.site_counts")
# Code (kind, object, bytes) that tells of each allocation, free and cycle (runtime/allocation_trace.py).
trace_hook = global_value(addr, symbol_name="tricolor.trace_hook")


@kernel
def add_text(text: addr, length_bytes: u64) -> None:
    """Adds text to the line, cut if there is no more room."""
    fits = min(length_bytes, LINE_BYTES - line.length)
    memory_copy(field_address(line_text) + line.length, text, fits)
    line.length += fits


@kernel
def add_number(value: u64) -> None:
    """Adds a decimal number."""
    divisor: u64 = 1
    while value // divisor >= 10:
        divisor *= 10
    while divisor != 0:
        if line.length < LINE_BYTES:
            store_u8(field_address(line_text) + line.length, to_u8(48 + value // divisor % 10))
            line.length += 1
        divisor //= 10


@kernel
def add_decimal(value: u64, digits: u64) -> None:
    """Adds ``value / 10**digits`` with all its decimals."""
    scale: u64 = 1
    for _each in range(digits):
        scale *= 10
    add_number(value // scale)
    if digits == 0:
        return
    add_text(*text("."))
    rest = value % scale
    while scale > 1:
        scale //= 10
        add_number(rest // scale % 10)


@kernel
def add_ms(duration_ns: u64) -> None:
    """Adds a duration in milliseconds as Go does: whole above 10 ms, else two digits and at most three decimals."""
    if duration_ns >= TEN_MS:
        add_number(duration_ns // NS_PER_MS)
        return
    value = duration_ns // 1000
    if value == 0:
        add_text(*text("0"))
        return
    digits: u64 = 3
    while value >= 100:
        value //= 10
        digits -= 1
    add_decimal(value, digits)


@kernel
def write_line() -> None:
    """Writes the line and empties it."""
    print_text(field_address(line_text), line.length)
    line.length = 0


@kernel
def print_gctrace() -> None:
    """The line of GODEBUG=gctrace=1 for the cycle that has just ended."""
    setup = to_u64(cycles.mark_start_ns - cycles.begin_ns)
    mark = to_u64(cycles.mark_end_ns - cycles.mark_start_ns)
    ending = to_u64(cycles.end_ns - cycles.mark_end_ns)
    since = to_u64(cycles.begin_ns - mheap.started_ns)
    total = max(to_u64(cycles.end_ns - mheap.started_ns), 1)
    add_text(*text("gc "))
    add_number(cycles.count)
    add_text(*text(" @"))
    add_decimal(since // NS_PER_MS, 3)
    add_text(*text("s "))
    add_number(cycles.pause_total_ns * 100 // total)
    add_text(*text("%: "))
    # The world is stopped throughout: what Go calls concurrent marking is the time of marking here.
    add_ms(setup)
    add_text(*text("+"))
    add_ms(mark)
    add_text(*text("+"))
    add_ms(ending)
    add_text(*text(" ms clock, "))
    add_ms(setup)
    add_text(*text("+0/"))
    add_ms(mark)
    add_text(*text("/0+"))
    add_ms(ending)
    add_text(*text(" ms cpu, "))
    add_sizes()
    add_text(*text(" MB globals, 1 P"))
    if cycles.is_forced != 0:
        add_text(*text(" (forced)"))
    add_text(*text("\n"))
    write_line()


@kernel
def add_sizes() -> None:
    """The sizes in a gctrace line, all in MiB."""
    add_number(cycles.heap_at_start >> MIB_SHIFT)
    add_text(*text("->"))
    add_number(cycles.heap_at_end >> MIB_SHIFT)
    add_text(*text("->"))
    add_number(cycles.marked >> MIB_SHIFT)
    add_text(*text(" MB, "))
    add_number(cycles.goal_at_start >> MIB_SHIFT)
    add_text(*text(" MB goal, "))
    add_number(marker.stack_bytes >> MIB_SHIFT)
    add_text(*text(" MB stacks, "))
    add_number(marker.global_bytes >> MIB_SHIFT)


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
def note_end() -> None:
    """Called when the program ends for want of memory."""
    tell(TRACE_END, to_addr(0), 0)


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
