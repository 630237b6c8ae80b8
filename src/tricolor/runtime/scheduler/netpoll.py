"""The poller: which goroutines that wait for descriptors can go on (Linux epoll).

A descriptor is registered once, for both directions and edge-triggered. Each direction has a word:

    POLL_NONE     nobody waits, and nothing is known
    POLL_READY    the descriptor was ready; the next goroutine that would wait goes on at once
    POLL_WAITING  a goroutine is about to park
    else          the parked goroutine

Package runtime (goroot/files/runtime/poll.go) holds descriptors and deadlines. The words are all that threads share; they change by
compare and exchange only, so whoever replaces a goroutine's address makes that goroutine runnable, and nobody else does.

Three look at the epoll: a thread that finds nothing to run, the thread that waits for all idle processors (``machines``), and the
monitor thread, if nobody else has looked for 10 ms.

Source:
    Go 1.27.3 runtime/netpoll.go, netpoll_epoll.go.

Differs from Go:
    The waiting thread sleeps in ppoll on the epoll, since only that takes nanoseconds on old kernels, and leaves the events there for
    whoever has a processor. An event of a closed descriptor may make its next user look once in vain.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Array,
    Struct,
    addr,
    address,
    as_struct,
    atomic_add,
    atomic_compare_exchange,
    atomic_load,
    field_address,
    i16,
    i32,
    i64,
    is_null,
    kernel,
    libc,
    load_u32,
    load_unaligned_u64,
    memory_at,
    null,
    stack_struct,
    to_addr,
    to_u64,
    u32,
    u64,
)
from tricolor.runtime.records.goroutine import RUNNABLE, WAITING, G, change_status
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.system.clock import NS_PER_SECOND, TimeSpec
from tricolor.runtime.system.output import write

POLL_NONE: Final = 0
POLL_READY: Final = 1
POLL_WAITING: Final = 2

EVENT_IN: Final = 0x1
EVENT_OUT: Final = 0x4
EVENT_ERROR: Final = 0x8
EVENT_HANG_UP: Final = 0x10
EVENT_READ_HANG_UP: Final = 0x2000
EVENT_BYTES: Final = 12
"""epoll_event is packed: events u32, data u64."""
MOST_EVENTS: Final = 64


class PollDescriptor(Struct):
    """The start of package runtime's pollDescriptor."""

    reader: u64
    writer: u64


class Events(Struct):
    """What epoll_wait fills in."""

    bytes: Array[u32, MOST_EVENTS * EVENT_BYTES // 4]


class PollFd(Struct):
    """struct pollfd of libc."""

    descriptor: i32
    events: i16
    found: i16


class Word(Struct):
    """What is written to an eventfd."""

    value: u64


@libc
def epoll_wait(epoll: i32, events: addr, most: i32, timeout_ms: i32) -> i32: ...


@libc
def ppoll(descriptors: PollFd, count: u64, timeout: TimeSpec, mask: addr) -> i32: ...


@libc
def read(descriptor: i32, into: addr, length_bytes: u64) -> i64: ...


@kernel
def poll_take(word: addr, ready: bool) -> G:
    """Takes the goroutine that waits at a word, null if none does; ``ready``: leaves POLL_READY there."""
    following: u64 = POLL_READY if ready else POLL_NONE
    while True:
        old = atomic_load(memory_at(u64, word), "acquire")
        if old == POLL_READY or (old == POLL_NONE and not ready):
            return null(G)
        if atomic_compare_exchange(memory_at(u64, word), old, following, "acq_rel"):
            if old <= POLL_WAITING:
                return null(G)
            atomic_add(scheduler.poll_waiters, -1, "relaxed")
            return as_struct(G, to_addr(old))


@kernel
def _take_ready(list: G, word: addr) -> G:
    """Puts the goroutine that waits at a ready word before a list."""
    g = poll_take(word, True)
    if is_null(g):
        return list
    change_status(g, WAITING, RUNNABLE)
    g.link = list
    return g


@kernel
def poll_look() -> G:
    """The goroutines whose descriptors are ready, as a list by ``link``; they are runnable, and in no queue. Does not wait."""
    found = null(G)
    if scheduler.epoll == 0:
        return found
    events = stack_struct(Events)
    start = field_address(events.bytes)
    count = epoll_wait(scheduler.epoll - 1, start, MOST_EVENTS, 0)
    for number in range(max(count, 0)):
        event = start + to_u64(number) * EVENT_BYTES
        what = load_u32(event)
        data = to_addr(load_unaligned_u64(event + 4))
        if data == 0:
            word = stack_struct(Word)
            read(scheduler.poll_break - 1, address(word), 8)
        else:
            descriptor = as_struct(PollDescriptor, data)
            if what & (EVENT_IN | EVENT_READ_HANG_UP | EVENT_HANG_UP | EVENT_ERROR) != 0:
                found = _take_ready(found, field_address(descriptor.reader))
            if what & (EVENT_OUT | EVENT_HANG_UP | EVENT_ERROR) != 0:
                found = _take_ready(found, field_address(descriptor.writer))
    return found


@kernel
def poll_sleep(left_ns: i64) -> None:
    """Sleeps until a descriptor is ready, poll_interrupt() is called, or that time has passed (below 0: no time)."""
    wanted = stack_struct(PollFd)
    wanted.descriptor = scheduler.epoll - 1
    wanted.events = EVENT_IN
    duration = stack_struct(TimeSpec)
    duration.seconds = left_ns // NS_PER_SECOND
    duration.nanoseconds = left_ns % NS_PER_SECOND
    ppoll(wanted, 1, null(TimeSpec) if left_ns < 0 else duration, 0)


@kernel
def poll_interrupt() -> None:
    """Ends the sleep of the thread in poll_sleep(), or its next one."""
    word = stack_struct(Word)
    word.value = 1
    write(scheduler.poll_break - 1, address(word), 8)
