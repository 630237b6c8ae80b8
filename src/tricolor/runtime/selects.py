"""Select: one of several channel operations.

The cases are polled in random order; if none can go on at once, the goroutine waits in the queues of all channels, and
the first that takes one of its records wins (``G.select_done``).

Source:
    Go 1.27.3 runtime/select.go.

Differs from Go:
    There is no lock order, since one thread runs goroutines. LOCK and UNLOCK stand where locks belong (``channels``).
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    Struct,
    addr,
    address,
    as_struct,
    goroutine,
    i64,
    inline,
    is_null,
    load_u16,
    null,
    size_of,
    store_u16,
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
    panic_send_closed,
    remove_waiter,
    try_receive,
    try_send,
)
from tricolor.runtime.records.goroutine import Sudog
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import next_random
from tricolor.runtime.scheduler.contention import block_event, wait_began
from tricolor.runtime.scheduler.goroutines import park_waiting
from tricolor.runtime.scheduler.reasons import REASON_SELECT
from tricolor.runtime.scheduler.sudogs import sudog_acquire, sudog_release


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
def poll_order(cases: addr, order: addr, count: u64) -> u64:
    """Writes the indices of cases with a channel in random order; gives how many there are."""
    used: u64 = 0
    for index in range(count):
        if not is_null(case_at(cases, index).channel):
            other = random_below(used + 1)
            store_u16(order + used * 2, load_u16(order + other * 2))
            store_u16(order + other * 2, to_u16(index))
            used += 1
    return used


@inline
def wait_in_all(cases: addr, order: addr, used: u64, sends: u64) -> Sudog:
    """Waits in the queues of all channels; gives the record that was taken."""
    g = machine.g
    g.waiting = null(Sudog)
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
        waiter.wait_link = g.waiting
        g.waiting = waiter
        scheduler.timer_waiters += to_u64(case.channel.is_timer)
        if index < sends:
            enqueue_waiter(case.channel.senders, waiter)
        else:
            enqueue_waiter(case.channel.receivers, waiter)
    # UNLOCK, by commit_park.
    park_waiting(g, REASON_SELECT)
    taken = as_struct(Sudog, g.param)
    if unlikely(began != 0):
        block_event(taken.released_ns - began, 0)
    return taken


@inline
def leave_queues(taken: Sudog, sends: u64) -> None:
    """Takes the goroutine's other records out of their queues and frees all."""
    g = machine.g
    each = g.waiting
    g.waiting = null(Sudog)
    while not is_null(each):
        following = each.wait_link
        channel = as_struct(Channel, each.channel)
        scheduler.timer_waiters -= to_u64(channel.is_timer)
        if each is not taken:
            if to_u64(each.case_index) < sends:
                remove_waiter(channel.senders, each)
            else:
                remove_waiter(channel.receivers, each)
        sudog_release(each)
        each = following


@goroutine("runtime.selectgo")
def selectgo(cases: addr, order: addr, sends: i64, receives: i64, block: bool) -> tuple[i64, bool]:
    """Runs one case: its index (-1: none, if ``block`` is false), and whether a receive got a value.

    ``order`` is memory for twice as many u16 as there are cases. The first ``sends`` cases are sends.
    """
    first_receive = to_u64(sends)
    used = poll_order(cases, order, to_u64(sends + receives))
    # LOCK, all channels, in the order of their addresses.
    for at in range(used):
        index = to_u64(load_u16(order + at * 2))
        case = case_at(cases, index)
        channel = case.channel
        if index < first_receive:
            if channel.closed != 0:
                # UNLOCK
                panic_send_closed()
            if try_send(channel, case.elem):
                # UNLOCK
                return to_i64(index), False
        else:
            if try_receive(channel, case.elem):
                # UNLOCK
                return to_i64(index), True
            if channel.closed != 0:
                # UNLOCK
                clear_elem(channel, case.elem)
                return to_i64(index), False
    if not block:
        # UNLOCK
        return -1, False
    if used == 0:
        # UNLOCK
        block_forever(REASON_SELECT)
    taken = wait_in_all(cases, order, used, first_receive)
    chosen = to_u64(taken.case_index)
    success = taken.success != 0
    # LOCK
    leave_queues(taken, first_receive)
    # UNLOCK
    if chosen < first_receive:
        if not success:
            panic_send_closed()
        return to_i64(chosen), False
    if not success:
        case = case_at(cases, chosen)
        clear_elem(case.channel, case.elem)
    return to_i64(chosen), success
