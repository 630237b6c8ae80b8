"""Select: one of several channel operations.

The cases are polled in random order; if none can go on at once, the goroutine waits in the queues of all channels, and
the first that takes one of its records wins (``G.select_done``).

While several processors may run, a select holds the locks of all its channels while it polls, while it enters the queues, and while it
leaves them. It acquires them in the order of their addresses, each once. commit_select() releases them once the goroutine is parked:
it finds them through the goroutine's records, ``G.waiting``, which stand in that order.

Invariants:
    1. commit_select() MUST NOT touch the goroutine or its records after it has released the last lock. Otherwise it would read what the
       goroutine, which may run on by then, has given to others. No check sees that.

Source:
    Go 1.27.3 runtime/select.go.
"""

from __future__ import annotations

from typing import Final, NoReturn

from tricolor.kernel.lang import (
    Struct,
    addr,
    address,
    as_struct,
    atomic_store,
    check,
    export,
    function_address,
    goroutine,
    i64,
    inline,
    is_null,
    load_u16,
    memory_copy,
    null,
    size_of,
    store_u16,
    systemstack,
    text,
    to_i64,
    to_u16,
    to_u32,
    to_u64,
    u64,
    unlikely,
)
from tricolor.runtime.channel_record import Channel
from tricolor.runtime.channels import (
    block_forever,
    clear_elem,
    enqueue_waiter,
    fatal_error,
    is_foreign,
    lock_channel,
    panic_send_closed,
    remove_waiter,
    timer_leave,
    timer_look,
    timer_wait,
    try_receive,
    try_send,
    unlock_channel,
    wake_partner,
)
from tricolor.runtime.records.goroutine import BUBBLE, WAITING, G, Sudog
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.processor import next_random
from tricolor.runtime.scheduler.bubbles import count_parked
from tricolor.runtime.scheduler.contention import block_event, wait_began
from tricolor.runtime.scheduler.context import park
from tricolor.runtime.scheduler.goroutines import schedule
from tricolor.runtime.scheduler.reasons import REASON_BUBBLE_SELECT, REASON_SELECT
from tricolor.runtime.scheduler.sudogs import sudog_acquire, sudog_release
from tricolor.runtime.system.lock import parallel

# How a case went on.
WAITS: Final = 0
SENT: Final = 1
RECEIVED: Final = 2
RECEIVED_CLOSED: Final = 3
SENT_TO_CLOSED: Final = 4


# What a select does with the timers that send to its channels.
LOOK: Final = 0
WAIT: Final = 1
LEAVE: Final = 2


class Case(Struct):
    """One case of a select, as compiled code lays it out."""

    channel: Channel
    elem: addr


@inline
def random_below(bound: u64) -> u64:
    """A random number below ``bound``, which is below 2**32."""
    return ((next_random(machine.processor) >> 32) * bound) >> 32


@inline
def case_at(cases: addr, index: u64) -> Case:
    """The case with that index."""
    return as_struct(Case, cases + index * size_of(Case))


@inline
def poll_order(cases: addr, order: addr, count: u64) -> tuple[u64, bool, bool]:
    """Writes the indices of cases with a channel in random order; gives how many there are, whether timers send to some, and whether the
    running goroutine is outside of the bubble of one."""
    used: u64 = 0
    timers = False
    foreign = False
    for index in range(count):
        channel = case_at(cases, index).channel
        if not is_null(channel):
            timers = timers or channel.timer != 0
            foreign = foreign or is_foreign(channel)
            other = random_below(used + 1)
            store_u16(order + used * 2, load_u16(order + other * 2))
            store_u16(order + other * 2, to_u16(index))
            used += 1
    return used, timers, foreign


# --- Locks ----------------------------------------------------------------------------------------


@inline
def channel_at(cases: addr, order: addr, at: u64) -> Channel:
    """The channel of the case whose index stands at a place of an order."""
    return case_at(cases, to_u64(load_u16(order + at * 2))).channel


@inline
def sift_down(cases: addr, order: addr, start: u64, count: u64) -> None:
    """Lets the index at a place sink in a heap of ``count`` indices, the one with the highest channel on top."""
    at = start
    sinking = load_u16(order + at * 2)
    channel = address(case_at(cases, to_u64(sinking)).channel)
    while True:
        child = 2 * at + 1
        if child >= count:
            break
        if child + 1 < count and address(channel_at(cases, order, child)) < address(channel_at(cases, order, child + 1)):
            child += 1
        if channel >= address(channel_at(cases, order, child)):
            break
        store_u16(order + at * 2, load_u16(order + child * 2))
        at = child
    store_u16(order + at * 2, sinking)


@systemstack("tricolor.lock_order")
def lock_order(cases: addr, order: addr, locked: addr, used: u64) -> None:
    """Writes the indices in ``order`` to ``locked``, sorted by the addresses of their channels (heap sort)."""
    memory_copy(locked, order, used * 2)
    at = used // 2
    while at > 0:
        at -= 1
        sift_down(cases, locked, at, used)
    left = used
    while left > 1:
        left -= 1
        last = load_u16(locked + left * 2)
        store_u16(locked + left * 2, load_u16(locked))
        store_u16(locked, last)
        sift_down(cases, locked, 0, left)


@inline
def lock_all(cases: addr, locked: addr, used: u64) -> None:
    """Locks the channels of all cases, each once."""
    last = null(Channel)
    for at in range(used):
        channel = channel_at(cases, locked, at)
        if channel is not last:
            lock_channel(channel)
        last = channel


@inline
def unlock_all(cases: addr, locked: addr, used: u64) -> None:
    """Undoes lock_all()."""
    last = null(Channel)
    for at in range(used):
        channel = channel_at(cases, locked, at)
        if channel is not last:
            unlock_channel(channel)
        last = channel


@export("tricolor.commit_select")
def commit_select(g: G) -> NoReturn:
    """The goroutine waits; its channels may be unlocked from here on.

    Once the last channel is unlocked, the records may belong to others; and once a channel is, its own ones. So a channel is unlocked
    after its last record was read.
    """
    bubble = g.words[BUBBLE]
    reason = g.reason
    atomic_store(g.status, WAITING, "release")
    each = g.waiting if parallel.value != 0 else null(Sudog)
    while not is_null(each):
        channel = as_struct(Channel, each.channel)
        each = each.wait_link
        if is_null(each) or each.channel != address(channel):
            unlock_channel(channel)
    check(2, machine.locks == 0, "commit_select: the goroutine holds a lock or is pinned")
    if unlikely(bubble != 0):
        count_parked(bubble, reason)
    schedule()


# --- Waiting --------------------------------------------------------------------------------------


@inline
def all_in_bubble(cases: addr, order: addr, used: u64) -> bool:
    """Whether the channels of all cases belong to a bubble."""
    inside = True
    for at in range(used):
        inside = inside and channel_at(cases, order, at).bubble != 0
    return inside


@inline
def wait_in_all(cases: addr, order: addr, used: u64, sends: u64) -> Sudog:
    """Waits in the queues of all channels, and unlocks them; gives the record that was taken. ``order`` is that of the locks."""
    g = machine.g
    g.waiting = null(Sudog)
    last = null(Sudog)
    g.select_done = 0
    g.param = 0
    began = wait_began()
    for at in range(used):
        index = to_u64(load_u16(order + at * 2))
        case = case_at(cases, index)
        waiter = sudog_acquire()
        waiter.g = g
        waiter.elem = case.elem
        waiter.channel = address(case.channel)
        waiter.is_select = 1
        waiter.released_ns = -1 if began != 0 else 0
        waiter.success = 0
        waiter.case_index = to_u32(index)
        if is_null(last):
            g.waiting = waiter
        else:
            last.wait_link = waiter
        last = waiter
        if index < sends:
            enqueue_waiter(case.channel.senders, waiter)
        else:
            enqueue_waiter(case.channel.receivers, waiter)
    g.reason = REASON_SELECT
    if unlikely(g.words[BUBBLE] != 0) and all_in_bubble(cases, order, used):
        g.reason = REASON_BUBBLE_SELECT
    park(function_address(commit_select))
    taken = as_struct(Sudog, g.param)
    if unlikely(began != 0):
        block_event(taken.released_ns - began, 0)
    return taken


@inline
def leave_queues(taken: Sudog, sends: u64) -> None:
    """Takes the goroutine's other records out of their queues and frees all. The caller has locked the channels."""
    g = machine.g
    each = g.waiting
    g.waiting = null(Sudog)
    while not is_null(each):
        following = each.wait_link
        channel = as_struct(Channel, each.channel)
        if each is not taken:
            if to_u64(each.case_index) < sends:
                remove_waiter(channel.senders, each)
            else:
                remove_waiter(channel.receivers, each)
        sudog_release(each)
        each = following


# --- Timers -----------------------------------------------------------------------------------------


@goroutine("runtime.selecttimers")
def select_timers(cases: addr, count: i64, step: u64) -> None:
    """Looks at, waits for, or leaves the timers that send to channels of the cases."""
    for index in range(count):
        channel = case_at(cases, to_u64(index)).channel
        if not is_null(channel) and channel.timer != 0:
            if step == LOOK:
                timer_look(channel.timer)
            elif step == WAIT:
                timer_wait(channel.timer)
            else:
                timer_leave(channel.timer)


# --- Select ---------------------------------------------------------------------------------------


@inline
def try_case(case: Case, sends: bool) -> tuple[u64, Sudog]:
    """Runs a case if it can go on at once: how, and the waiter that must be woken."""
    channel = case.channel
    if sends:
        if channel.closed != 0:
            return SENT_TO_CLOSED, null(Sudog)
        sent, receiver = try_send(channel, case.elem)
        return SENT if sent else WAITS, receiver
    received, sender = try_receive(channel, case.elem)
    if received:
        return RECEIVED, sender
    return WAITS if channel.closed == 0 else RECEIVED_CLOSED, sender


@goroutine("runtime.selectgo")
def selectgo(cases: addr, order: addr, sends: i64, receives: i64, block: bool) -> tuple[i64, bool]:
    """Runs one case: its index (-1: none, if ``block`` is false), and whether a receive got a value.

    ``order`` is memory for twice as many u16 as there are cases. The first ``sends`` cases are sends.
    """
    first_receive = to_u64(sends)
    used, timers, foreign = poll_order(cases, order, to_u64(sends + receives))
    if unlikely(foreign):
        fatal_error(*text("select on synctest channel from outside bubble"))
    locked = order
    if unlikely(parallel.value != 0):
        locked = order + used * 2
        lock_order(cases, order, locked, used)
    if unlikely(timers):
        select_timers(cases, sends + receives, LOOK)
    waits_for_timers = False
    outcome: u64 = WAITS
    chosen: u64 = 0
    waiter = null(Sudog)
    while True:
        if unlikely(parallel.value != 0):
            lock_all(cases, locked, used)
        for at in range(used):
            chosen = to_u64(load_u16(order + at * 2))
            outcome, waiter = try_case(case_at(cases, chosen), chosen < first_receive)
            if outcome != WAITS:
                break
        if not timers or waits_for_timers or not block or outcome != WAITS:
            break
        if unlikely(parallel.value != 0):
            unlock_all(cases, locked, used)
        select_timers(cases, sends + receives, WAIT)
        waits_for_timers = True
    if outcome == WAITS and block and used != 0:
        taken = wait_in_all(cases, locked, used, first_receive)
        chosen = to_u64(taken.case_index)
        if chosen < first_receive:
            outcome = SENT if taken.success != 0 else SENT_TO_CLOSED
        else:
            outcome = RECEIVED if taken.success != 0 else RECEIVED_CLOSED
        if unlikely(parallel.value != 0):
            locked = order + used * 2
            lock_order(cases, order, locked, used)
            lock_all(cases, locked, used)
        leave_queues(taken, first_receive)
    if unlikely(parallel.value != 0):
        unlock_all(cases, locked, used)
    wake_partner(waiter)
    if unlikely(waits_for_timers):
        select_timers(cases, sends + receives, LEAVE)
    if outcome == WAITS:
        if block:
            block_forever(REASON_SELECT if machine.g.words[BUBBLE] == 0 else REASON_BUBBLE_SELECT)
        return -1, False
    if outcome == SENT_TO_CLOSED:
        panic_send_closed()
    if outcome == RECEIVED_CLOSED:
        case = case_at(cases, chosen)
        clear_elem(case.channel, case.elem)
    return to_i64(chosen), outcome == RECEIVED
