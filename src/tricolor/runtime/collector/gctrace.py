"""The line that GODEBUG=gctrace=1 prints after each cycle.

Source:
    Go 1.27.3 runtime/mgc.go (the end of gcMarkTermination, fmtNSAsMS).
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    kernel,
    text,
    to_u64,
    u64,
)
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.collector.cycles import cycles
from tricolor.runtime.collector.pacing import pacer
from tricolor.runtime.system.output import flush_output, put, put_number

MIB_SHIFT = 20
NS_PER_MS = 1_000_000
TEN_MS = 10_000_000


@kernel
def put_decimal(value: u64, digits: u64) -> None:
    """Appends ``value / 10**digits`` with all its decimals."""
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
    """Appends a duration in milliseconds as Go does: whole above 10 ms, else two digits and at most three decimals."""
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
    """Prints the line for the cycle that has just ended."""
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
    put_number((cycles.pause_cpu_ns + cycles.assist_ns + cycles.worker_ns) * 100 // total)
    put(*text("%: "))
    put_ms(setup)
    put(*text("+"))
    put_ms(mark)
    put(*text("+"))
    put_ms(ending)
    put(*text(" ms clock, "))
    put_ms(setup)
    put(*text("+"))
    put_ms(pacer.assist_ns)
    put(*text("/"))
    put_ms(pacer.share_ns)
    put(*text("/"))
    put_ms(pacer.idle_ns)
    put(*text("+"))
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
    """Appends the sizes, all in MiB."""
    put_number(cycles.heap_at_start >> MIB_SHIFT)
    put(*text("->"))
    put_number(cycles.heap_at_end >> MIB_SHIFT)
    put(*text("->"))
    put_number(cycles.marked >> MIB_SHIFT)
    put(*text(" MB, "))
    put_number(pacer.last_heap_goal >> MIB_SHIFT)
    put(*text(" MB goal, "))
    put_number(pacer.last_stack_scan >> MIB_SHIFT)
    put(*text(" MB stacks, "))
    put_number(pacer.globals_scan >> MIB_SHIFT)
