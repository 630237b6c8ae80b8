"""A goroutine in memory: its record (G), the segments of its stack, and the records by which it waits (Sudog).

Terms:
    segment    a piece of a goroutine's stack: a header at its low end, then guard bytes, then frames from ``top`` down.
    limit      the lowest address that the stack pointer of a function with a small frame may have on entry.
               While the goroutine runs, ``%fs:112`` holds this limit, or PREEMPT.

Source:
    Go 1.27.3 runtime/runtime2.go (g, sudog).

Differs from Go:
    The record of a goroutine holds no registers but the stack pointer: the others are saved on its stack.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Array,
    Struct,
    addr,
    atomic_compare_exchange,
    atomic_load,
    atomic_store,
    check,
    i64,
    inline,
    kernel,
    spin_hint,
    systemstack,
    u8,
    u32,
    u64,
    unlikely,
)
from tricolor.runtime.allocator.marking import is_marking

# Goroutine states, as the numbers of Go's runtime2.go.
RUNNABLE: Final = 1
RUNNING: Final = 2
IN_CALL: Final = 3
"""In a system call that may block."""
WAITING: Final = 4
DEAD: Final = 6
SCANNED: Final = 0x1000
"""Added to the state of a goroutine that does not run while the collector scans it. It keeps others from changing the state."""

REASON_DATED: Final = 0x80
"""Added to ``reason`` when ``waits_since_s`` is valid. Who parks writes the reason anew, so the time of an earlier wait is gone."""

# Index of the word with the labels that runtime/pprof gave the goroutine.
LABELS: Final = 3
# Index of the word with the goroutine's bubble (``scheduler.bubbles``), 0 for one outside of all bubbles.
BUBBLE: Final = 4

SEGMENT_HEADER_BYTES: Final = 64
# Below the limit there is room for: a frame of 255 bytes that LLVM does not check exactly, the call of
# __morestack with every argument register saved (200), the switch inside it (72), and leaf calls of memcpy.
GUARD_BYTES: Final = 704
# A segment needs this room besides the frame and the arguments of the function that enters it.
FRAME_SLACK_BYTES: Final = 64


class Segment(Struct):
    """A piece of a goroutine's stack; it lies at the low end of the memory that it describes."""

    limit: u64
    top: addr
    previous: "Segment"
    next: "Segment"
    previous_fp: addr
    """Frame of __morestack on the previous segment: what lies from there up to its top is in use."""
    usable_bytes: u64
    """From the limit to the top."""
    size_bytes: u64
    total_bytes: u64
    """Of this segment and all previous ones."""


class Sudog(Struct):
    """A goroutine that waits in a queue of a channel: in the frame of a send or receive, or from ``sudogs`` for a case of a select."""

    g: "G"
    next: "Sudog"
    previous: "Sudog"
    elem: addr
    """Where to copy an element from or to; 0: nowhere."""
    channel: addr
    wait_link: "Sudog"
    """The next one of the same goroutine (select); or the next free one."""
    case_index: u32
    success: u8
    """1 if the goroutine was woken by a send or receive, 0 if by close."""
    is_select: u8
    released_ns: i64
    """When the goroutine was woken; before that -1 if its wait is profiled (``contention``), else 0."""


class G(Struct):
    """A goroutine. Never freed, but used again. A million of them wait in 2.3 KB each: there is no room for holes."""

    sp: addr
    segment: Segment
    morestack_fp: addr
    """While __morestack runs on the system stack or yields: its frame; else 0."""
    id: u64
    status: u32
    reason: u8
    system: u8
    """Belongs to the runtime: not counted, not shown."""
    select_done: u8
    panics_on_fault: u8
    """1 after debug.SetPanicOnFault(true)."""
    words: Array[addr, 5]
    """Belong to package runtime: frames that defer, panics under way, token of recover, LABELS, BUBBLE (gWords in panic.go)."""
    param: addr
    """Who woke the goroutine: a Sudog, or 0."""
    first_segment: Segment
    link: "G"
    """Next in the run queue or in the list of free ones."""
    all_link: "G"
    parent_id: u64
    creator_pc: u64
    waiting: Sudog
    wake_time: i64
    interrupted_cycle: u32
    """Number of the cycle that marked when a signal stopped the goroutine, its lower half; 0: none did."""
    scanned_cycle: u32
    """Number of the last cycle that has scanned the goroutine, its lower half."""
    late_link: "G"
    """The next one that still has to be scanned in this cycle (``collector.roots``)."""
    locked_thread: addr
    """The machine on which alone the goroutine runs, after runtime.LockOSThread; 0: on any."""
    thread_locks: u32
    """Calls of LockOSThread that are not undone yet."""
    timer_index: u32
    """1-based place among the sleepers of ``timer_processor``, under their lock; 0: not sleeping."""
    wanted_site: u32
    """Site and type of what the goroutine allocates next (``mutator.requests``)."""
    waits_since_s: u32
    """When the first cycle that found the goroutine waiting began, in seconds of nanotime (REASON_DATED)."""
    wanted_type: addr
    timer_processor: addr
    interrupted: addr
    """While a signal has stopped the goroutine between two instructions: its registers (SignalContext); else 0, and ``sp`` is valid."""


# --- States -----------------------------------------------------------------------------------------


@inline
def change_status(g: G, old: u32, new: u32) -> None:
    """Changes the state of a goroutine that only the caller may change; waits for the end of a scan.

    Scans happen only while the collector marks, which begins and ends while the world is stopped.
    """
    if unlikely(is_marking.value != 0):
        change_scanned(g, old, new)
    else:
        check(2, g.status == old, "change_status: the goroutine is in another state")
        g.status = new


@systemstack("tricolor.change_scanned")
def change_scanned(g: G, old: u32, new: u32) -> None:
    """As change_status(), for a goroutine that may be scanned at the moment."""
    while not atomic_compare_exchange(g.status, old, new, "acq_rel"):
        check(2, g.status & ~SCANNED == old, "change_scanned: the goroutine is in another state")
        spin_hint()


@kernel
def begin_scan(g: G) -> bool:
    """Keeps a goroutine from running until end_scan(); False if it runs, or another thread scans it."""
    status = atomic_load(g.status, "acquire")
    if status == RUNNING or status & SCANNED != 0:
        return False
    return atomic_compare_exchange(g.status, status, status | SCANNED, "acq_rel")


@kernel
def end_scan(g: G) -> None:
    """Ends what begin_scan() began."""
    check(2, g.status & SCANNED != 0, "end_scan: the goroutine is not being scanned")
    atomic_store(g.status, g.status & ~SCANNED, "release")
