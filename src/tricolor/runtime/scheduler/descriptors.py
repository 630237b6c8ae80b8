"""What package runtime asks of the poller (``netpoll``): descriptors come and go, goroutines wait for them.

Source:
    Go 1.27.3 runtime/netpoll_epoll.go, runtime/netpoll.go (netpollblock, netpollunblock).
"""

from __future__ import annotations

from typing import Final, NoReturn

from tricolor.kernel.lang import (
    Array,
    Struct,
    addr,
    address,
    atomic_add,
    atomic_compare_exchange,
    atomic_store,
    export,
    function_address,
    goroutine,
    i32,
    is_null,
    kernel,
    libc,
    memory_at,
    stack_struct,
    systemstack,
    to_i32,
    to_u32,
    to_u64,
    u32,
    u64,
)
from tricolor.runtime.lock_ranks import RANK_SCHEDULER
from tricolor.runtime.records.goroutine import RUNNING, WAITING, G, change_status
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.scheduler.context import park, resume
from tricolor.runtime.scheduler.goroutines import schedule
from tricolor.runtime.scheduler.machines import poller_wake
from tricolor.runtime.scheduler.netpoll import (
    EVENT_BYTES,
    EVENT_IN,
    EVENT_OUT,
    EVENT_READ_HANG_UP,
    POLL_WAITING,
    poll_take,
)
from tricolor.runtime.scheduler.reasons import REASON_IO
from tricolor.runtime.scheduler.waking import make_ready
from tricolor.runtime.system.lock import acquire, release
from tricolor.runtime.system.process import error_number

EVENT_EDGE: Final = 0x8000_0000
CONTROL_ADD: Final = 1
CONTROL_DELETE: Final = 2
CLOSE_ON_EXEC: Final = 0x8_0000
NON_BLOCKING: Final = 0x800


class Event(Struct):
    """epoll_event: events, and the two halves of data."""

    words: Array[u32, EVENT_BYTES // 4]


@libc
def epoll_create1(flags: i32) -> i32: ...


@libc
def epoll_ctl(epoll: i32, operation: i32, descriptor: i32, event: Event) -> i32: ...


@libc
def eventfd(value: u32, flags: i32) -> i32: ...


@kernel
def _register(epoll: i32, descriptor: i32, events: u32, data: addr) -> i32:
    event = stack_struct(Event)
    event.words[0] = events
    event.words[1] = to_u32(to_u64(data) & 0xFFFF_FFFF)
    event.words[2] = to_u32(to_u64(data) >> 32)
    if epoll_ctl(epoll, CONTROL_ADD, descriptor, event) != 0:
        return error_number()
    return 0


@systemstack("runtime.pollinit")
def poll_init() -> bool:
    """Makes the epoll; False if the system has no descriptor left. The thread that waits for all processors watches it from here on."""
    epoll = epoll_create1(CLOSE_ON_EXEC)
    interrupt = eventfd(0, CLOSE_ON_EXEC | NON_BLOCKING)
    if epoll < 0 or interrupt < 0 or _register(epoll, interrupt, EVENT_IN, 0) != 0:
        return False
    acquire(scheduler.lock, RANK_SCHEDULER)
    poller_wake()
    scheduler.poll_break = interrupt + 1
    scheduler.epoll = epoll + 1
    release(scheduler.lock)
    return True


@systemstack("runtime.pollopen")
def poll_open(descriptor: u64, record: addr) -> i32:
    """Registers a descriptor; gives 0 or an error number."""
    return _register(scheduler.epoll - 1, to_i32(descriptor), EVENT_IN | EVENT_OUT | EVENT_READ_HANG_UP | EVENT_EDGE, record)


@systemstack("runtime.pollclose")
def poll_close(descriptor: u64) -> None:
    """Forgets a descriptor, which is still open."""
    event = stack_struct(Event)
    epoll_ctl(scheduler.epoll - 1, CONTROL_DELETE, to_i32(descriptor), event)


@export("tricolor.commit_poll")
def commit_poll(g: G) -> NoReturn:
    """The goroutine waits, unless its descriptor has become ready meanwhile."""
    word = machine.wait_lock
    machine.wait_lock = 0
    atomic_store(g.status, WAITING, "release")
    atomic_add(scheduler.poll_waiters, 1, "relaxed")
    if not atomic_compare_exchange(memory_at(u64, word), POLL_WAITING, to_u64(address(g)), "acq_rel"):
        atomic_add(scheduler.poll_waiters, -1, "relaxed")
        change_status(g, WAITING, RUNNING)
        resume(g)
    schedule()


@goroutine("runtime.pollpark")
def poll_park(word: addr) -> None:
    """Waits until poll_take() takes the goroutine from the word, which is POLL_WAITING."""
    g = machine.g
    g.reason = REASON_IO
    machine.wait_lock = word
    park(function_address(commit_poll))


@systemstack("runtime.pollunpark")
def poll_unpark(word: addr) -> None:
    """Wakes the goroutine that waits at a word, if one does, although its descriptor is not ready."""
    g = poll_take(word, False)
    if not is_null(g):
        make_ready(g)
