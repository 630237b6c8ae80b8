"""The records of the scheduler: Machine (a thread that runs goroutines), G (a goroutine), Segment (a piece of its stack).

Offsets that machine code in ``context.py`` and the thunks of ``@systemstack`` functions use::

    Machine  0 system_stack   8 goroutine_sp   16 goroutine_fp   24 system_limit   32 goroutine_limit
            40 g             48 exit_sp        56 exit_limit     64 system_base
    G        0 sp             8 segment        16 morestack_fp
    Segment  0 limit          8 top            16 previous       24 next            32 previous_fp   40 usable_bytes

``tests/runtime_scheduler/test_layout.py`` checks them.

Terms:
    segment    a piece of a goroutine's stack: a header at its low end, then guard bytes, then frames from ``top`` down.
    limit      the lowest address that the stack pointer of a function with a small frame may have on entry;
               ``%fs:112`` holds that of the running goroutine, or PREEMPT.

Source:
    Go 1.27.3 runtime/runtime2.go (g, m, p, sudog).

Differs from Go:
    A goroutine's record (G) holds no registers but the stack pointer: the others lie on its stack.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import Array, Struct, addr, global_struct, i32, i64, inline, u8, u32, u64

# Goroutine states, as the numbers of Go's runtime2.go.
IDLE: Final = 0
RUNNABLE: Final = 1
RUNNING: Final = 2
WAITING: Final = 4
DEAD: Final = 6

# Why a goroutine waits: the numbers of Go's waitReason. Package runtime's side has them too (goroot/files/runtime/lock.go).
REASON_NONE: Final = 0
REASON_IO: Final = 2
REASON_FINALIZER: Final = 10
REASON_SEMAPHORE: Final = 13
REASON_SLEEP: Final = 14
REASON_RECEIVE_NIL: Final = 15
REASON_SEND_NIL: Final = 16
REASON_SELECT_NO_CASES: Final = 17
REASON_SELECT: Final = 18
REASON_RECEIVE: Final = 19
REASON_SEND: Final = 20
REASON_COND: Final = 21
REASON_MUTEX: Final = 22
REASON_RW_READ: Final = 23
REASON_RW_WRITE: Final = 24
REASON_WAIT_GROUP: Final = 25
# The goroutine that serves timers sleeps; the second one if only timers with channels are running.
# These are Go's numbers for what is not there: the trace reader, and waiting for a cycle.
REASON_TIMERS: Final = 26
REASON_CHANNEL_TIMERS: Final = 27
REASON_COROUTINE: Final = 38

# No stack pointer is above it: the next function that compares with the limit enters __morestack.
PREEMPT: Final = 0xFFFF_FFFF_FFFF_FADE

SEGMENT_HEADER_BYTES: Final = 64
# Below the limit there is room for: a frame of 255 bytes that LLVM does not check exactly, the call of
# __morestack with every argument register saved (200), the switch inside it (72), and leaf calls of memcpy.
GUARD_BYTES: Final = 704

# Place of the stack limit in the thread control block that %fs points to.
THREAD_LIMIT_OFFSET: Final = 112


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
    """A goroutine that waits in a queue of a channel. Not in the Go heap."""

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


class G(Struct):
    """A goroutine. Never freed, but used again."""

    sp: addr
    segment: Segment
    morestack_fp: addr
    """While __morestack runs on the system stack or yields: its frame; else 0."""
    id: u64
    status: u32
    reason: u32
    words: Array[addr, 3]
    """Belong to package runtime: frames that defer, panics under way, token of recover (gWords in panic.go)."""
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
    timer_index: u32
    """1-based place among the sleepers; 0: not sleeping."""
    system: u8
    """Belongs to the runtime: not counted, not shown."""
    select_done: u8
    panics_on_fault: u8
    """1 after debug.SetPanicOnFault(true)."""


# What the collector scans of a G: words.
G_ROOTS_OFFSET: Final = 40
G_ROOTS_BYTES: Final = 24


class Machine(Struct):
    """What belongs to a thread that runs goroutines."""

    system_stack: addr
    goroutine_sp: addr
    goroutine_fp: addr
    system_limit: u64
    goroutine_limit: u64
    g: G
    exit_sp: addr
    exit_limit: u64
    system_base: addr
    """Where the system stack begins; system_stack holds the same while a goroutine runs, else 0."""
    run_next: G
    run_head: G
    run_tail: G
    run_count: u64
    tick: u64
    """Goroutines started from the queue, not counting run_next."""
    pins: u32
    exit_code: i32
    unlock: addr
    """Word to clear once the goroutine is parked; 0: none."""
    limit_address: addr
    """Address of this thread's ``%fs:112``."""
    random: u64
    argc: i64
    argv: addr
    envp: addr
    all_goroutines: G
    all_last: G
    free_goroutines: G
    free_sudogs: Sudog
    live: u64
    """Goroutines that are not dead and not the system's."""
    system_live: u64
    last_id: u64
    first_wake: i64
    """When the first sleeper is due; -1 if nobody sleeps. The monitor thread reads it."""
    timer_waiters: u64
    """Waits for channels that timers send to."""
    yield_wanted: u32
    """1 when the monitor has asked for a yield; read by tricolor.poll."""
    running: u32
    """1 between start and exit; sysmon ends when it is 0."""
    monitor_started: u32
    monitor_thread: u64
    maximum_processors: i32
    main_ended: u32
    """1 once the main goroutine called Goexit."""


class Counters(Struct):
    """What the report shows of stacks and switches; all count from the start."""

    goroutines_created: u64
    goroutines_peak: u64
    switches: u64
    preemptions: u64
    stack_growths: u64
    """Times a function needed a new segment."""
    largest_stack_bytes: u64
    segment_bytes: u64
    """Segments in use by goroutines, live or kept for use again."""
    segment_bytes_peak: u64
    mapped_bytes: u64
    sudogs: u64


machine = global_struct(Machine, symbol_name="tricolor.machine")
counters = global_struct(Counters, symbol_name="tricolor.scheduler_counters")


@inline
def current() -> G:
    """The running goroutine."""
    return machine.g
