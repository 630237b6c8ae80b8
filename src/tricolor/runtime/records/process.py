"""Scheduler (Go's sched): what all threads of the process share, and the counters that a report shows.

Source:
    Go 1.27.3 runtime/runtime2.go (schedt, allm, allgs).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import Embed, Struct, addr, address, global_struct, global_value, i32, i64, kernel, to_u64, u32, u64
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.machine import Machine, first_machine, machine
from tricolor.runtime.records.processor import Processor, first_processor
from tricolor.runtime.system.clock import nanotime
from tricolor.runtime.system.lock import Lock

LEAST_SEGMENT_BYTES: Final = 2048
STACK_LIMIT_BYTES: Final = 1_000_000_000
STACK_CEILING_BYTES: Final = 2 * STACK_LIMIT_BYTES
"""No stack exceeds it, whatever the program sets as the limit."""


class Scheduler(Struct):
    """What all threads share."""

    all_goroutines: G
    """Oldest first, by all_link; dead ones stay in the list."""
    all_last: G
    free_goroutines: G
    """Dead ones that can be used again and belong to no processor, by link."""
    goroutine_slab: addr
    """Memory for records of goroutines, and its end."""
    goroutine_slab_end: addr
    last_id: u64
    """The highest number of a goroutine that a processor may have given."""
    live: u64
    """Goroutines that are not dead and not the runtime's own."""
    system_live: u64
    """The runtime's own goroutines that are not dead."""
    lock: Embed[Lock]
    """Guards the lists of idle machines, idle processors and all goroutines, free records of goroutines, the shared queue, and the poller."""
    idle_machines: Machine
    """Threads that sleep until another gives them a processor, by idle_link."""
    idle_machine_count: u64
    locked_waiting: u64
    """Threads that sleep until the goroutine that is locked to them runs."""
    machine_count: u64
    idle_processors: Processor
    """Processors that no thread has, by idle_link."""
    idle_processor_count: i32
    spinning: i32
    """Threads that look for goroutines in the queues of other processors."""
    processor_count: u32
    """Processors that run goroutines; it changes only while the world is stopped."""
    stopper: Machine
    """The thread that stops the world; null: none."""
    stop_number: u32
    """Odd while the world is stopped, or is being stopped."""
    stop_news: u32
    """Changes when a thread has stopped. The stopper sleeps on it."""
    queue_head: G
    """Goroutines that can run and belong to no processor: those that came back from a system call."""
    queue_tail: G
    queue_count: u64
    poller: Machine
    """The thread that waits until the first sleeper is due; null if none does."""
    poller_until: i64
    """When the poller wakes."""
    epoll: i32
    """The epoll's descriptor plus 1; 0: no descriptor was ever polled."""
    poll_break: i32
    """The descriptor of the eventfd that ends the poller's sleep, plus 1."""
    poll_waiters: i64
    """Goroutines that wait for descriptors."""
    polled_ns: i64
    """When a thread looked at the epoll last."""
    ended: u32
    """1 once the program has ended; the thread that called tricolor.start sleeps on it."""
    exit_status: i32
    processor_limit: i32
    """GOMAXPROCS."""
    limit_is_set: u32
    """1: the environment or the program has set GOMAXPROCS; 0: it follows the limits of the machine and the cgroup."""
    started_ns: i64
    available_ns: i64
    """GOMAXPROCS times the time that it had that value, for all values but the present one."""
    absent_ns: i64
    """Part of it that belongs to processors which did not run goroutines."""
    available_since_ns: i64
    """When GOMAXPROCS got its present value."""
    slept_ns: i64
    """Time that processors were idle."""
    main_ended: u32
    """1 once the main goroutine called Goexit."""
    running: u32
    """1 between start and exit; the monitor thread sleeps on it and ends when it is 0."""
    monitor_state: u32
    """Of the monitor thread: one of the MONITOR constants in preempt.py."""
    starting_stack_bytes: u64
    """Size of a new goroutine's first segment (``stack_sizes``)."""
    stack_limit_bytes: u64
    """How large a stack may become (debug.SetMaxStack)."""
    argc: i64
    argv: addr
    envp: addr


# Code of the scheduler that lets processors run that stand still after a stop of the world.
restarter = global_value(addr)


class Counters(Struct):
    """What a report shows of goroutines and stacks; all count from the start."""

    goroutines_peak: u64
    stack_growths: u64
    """Times a function needed a new segment."""
    largest_stack_bytes: u64
    segment_bytes: u64
    """Segments in use by goroutines, live or kept for use again."""
    segment_bytes_peak: u64


scheduler = global_struct(Scheduler, symbol_name="tricolor.scheduler")
counters = global_struct(Counters, symbol_name="tricolor.scheduler_counters")


@kernel
def init_scheduler() -> None:
    """Gives the first machine, which is the calling thread, the first processor."""
    first_processor.sleepers.first_wake = -1
    machine.processor = first_processor
    first_processor.owner = address(first_machine)
    scheduler.machine_count = 1
    scheduler.processor_limit = 1
    scheduler.starting_stack_bytes = LEAST_SEGMENT_BYTES
    scheduler.stack_limit_bytes = STACK_LIMIT_BYTES
    scheduler.processor_count = 1
    scheduler.started_ns = nanotime()
    scheduler.available_since_ns = scheduler.started_ns
    first_processor.random = to_u64(scheduler.started_ns)
    scheduler.running = 1
