"""Channels: make, send, receive, close.

A channel is an object of the Go heap. Its buffer is part of it if elements hold no pointers, else an array of its own. Goroutines
that wait stand in two queues of Sudogs. The element of a waiting sender or receiver lies on its own stack, and the goroutine
that comes copies directly from or to it.

All operations run on the goroutine's stack in ``@goroutine`` functions whose helpers are inlined. Nothing yields between
looking at a channel and parking, which makes an operation atomic as long as one processor runs goroutines.

Locking:
    While several processors may run (``parallel``), an operation holds the lock of the channel; with one there is no lock at all. A
    goroutine that parks cannot release the lock itself, since it must be parked before another one wakes it: commit_park() does it,
    through ``machine.wait_lock``. Who takes a waiter out of a queue owns its Sudog until it makes the goroutine runnable, and does
    that after it has released the lock. Operations that must not wait look first without the lock whether they would: what they see
    was true at some point of time during the operation, and that is all that such an operation may say.

Invariants:
    1. One of the two queues MUST be empty, unless a goroutine is in both by a select. Otherwise two goroutines would wait for each
       other. Checked by check_channel().
    2. A receiver MUST NOT wait if ``count`` > 0, nor a sender if ``count`` < ``capacity``. Otherwise an element would overtake
       another one. Checked by check_channel().
    3. While several processors may run, a channel MUST be looked at and changed under its lock. Otherwise two goroutines would take
       the same element or waiter. Checked by check_channel().
    4. A goroutine that holds the lock of a channel MUST NOT call a ``@goroutine`` function, whose prologue could yield. Otherwise
       others would wait for a goroutine that does not run. Checked by commit_yield(), since a lock pins its holder.

Source:
    Go 1.27.3 runtime/chan.go.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Embed,
    Struct,
    addr,
    address,
    as_struct,
    atomic_compare_exchange,
    atomic_load,
    atomic_store,
    check,
    const_table,
    field_address,
    global_struct,
    go_function,
    goroutine,
    i64,
    inline,
    is_null,
    multiply_high_u64,
    null,
    size_of,
    stack_struct,
    systemstack,
    text,
    to_u32,
    to_u64,
    u8,
    unlikely,
)
from tricolor.runtime.abi_types import GoType
from tricolor.runtime.channel_record import Channel, WaitQueue
from tricolor.runtime.lock_ranks import RANK_CHANNEL
from tricolor.runtime.mutator.malloc import mallocgc, newobject
from tricolor.runtime.pointer_stores import clear_go_values, copy_go_value, store_go_pointer
from tricolor.runtime.records.goroutine import BUBBLE, G, Sudog
from tricolor.runtime.records.machine import machine, pin, unpin
from tricolor.runtime.scheduler.bubble_record import bubble_number
from tricolor.runtime.scheduler.contention import block_event, wait_began
from tricolor.runtime.scheduler.goroutines import park_waiting
from tricolor.runtime.scheduler.reasons import (
    REASON_BUBBLE_RECEIVE,
    REASON_BUBBLE_SEND,
    REASON_RECEIVE,
    REASON_RECEIVE_NIL,
    REASON_SELECT_NO_CASES,
    REASON_SEND,
    REASON_SEND_NIL,
)
from tricolor.runtime.scheduler.waking import make_ready
from tricolor.runtime.system.clock import nanotime
from tricolor.runtime.system.lock import acquire, holds, parallel, release

MAX_CHANNEL_BYTES: Final = 1 << 48
KIND_STRUCT: Final = 25
# Words 2 and 3 of a Channel, its buffer and its timer, are pointers into the heap.
CHANNEL_POINTER_WORDS: Final = 4
CHANNEL_POINTERS: Final = 0b1100


class GoChannelType(Struct):
    """internal/abi.ChanType."""

    type: Embed[GoType]
    elem: GoType
    direction: i64


_pointer_bitmap = const_table(u8, (CHANNEL_POINTERS, 0, 0, 0, 0, 0, 0, 0))
_type_with_buffer = global_struct(GoType)


@go_function("runtime.panicplain")
def panicplain(text: addr, length: i64) -> None: ...


@go_function("runtime.fatal")
def fatal_error(text: addr, length: i64) -> None: ...


# A timer sends only while a goroutine looks at its channel (timerlook), or waits for it (between timerwait and timerleave). Package
# runtime acquires its lock of timers, which comes before those of channels.
@go_function("runtime.timerlook")
def timer_look(timer: addr) -> None: ...


@go_function("runtime.timerwait")
def timer_wait(timer: addr) -> None: ...


@go_function("runtime.timerleave")
def timer_leave(timer: addr) -> None: ...


# --- Make -----------------------------------------------------------------------------------------


@systemstack("tricolor.channel_type")
def channel_type() -> addr:
    """The descriptor by which channels with a separate buffer are allocated."""
    what = _type_with_buffer
    what.size_bytes = size_of(Channel)
    what.pointer_bytes = CHANNEL_POINTER_WORDS * 8
    what.align = 8
    what.field_align = 8
    what.kind = KIND_STRUCT
    what.gc_data = field_address(_pointer_bitmap[0])
    return address(what)


@goroutine("runtime.makechan")
def makechan(type: GoChannelType, capacity: i64) -> Channel:
    """make(chan T, capacity). Panics if the buffer is too large."""
    elem = type.elem
    elem_bytes = elem.size_bytes
    buffer_bytes = elem_bytes * to_u64(capacity)
    too_large = multiply_high_u64(elem_bytes, to_u64(capacity)) != 0
    if capacity < 0 or too_large or buffer_bytes > MAX_CHANNEL_BYTES - size_of(Channel):
        panicplain(*text("makechan: size out of range"))
    made = null(Channel)
    has_pointers = elem.pointer_bytes != 0
    if buffer_bytes == 0 or not has_pointers:
        made = as_struct(Channel, mallocgc(size_of(Channel) + buffer_bytes, 0, True))
        made.buffer = address(made) + size_of(Channel)
    else:
        made = as_struct(Channel, newobject(channel_type()))
        store_go_pointer(field_address(made.buffer), mallocgc(buffer_bytes, address(elem), True))
    made.elem_bytes = to_u32(elem_bytes)
    if unlikely(machine.g.words[BUBBLE] != 0):
        made.bubble = bubble_number(machine.g)
    made.elem_type = elem
    made.has_pointers = 1 if has_pointers else 0
    made.capacity = to_u64(capacity)
    return made


# --- The lock -------------------------------------------------------------------------------------


@inline
def lock_channel(channel: Channel) -> None:
    """From here to unlock_channel() no other goroutine uses the channel, and the running one is not preempted."""
    if unlikely(parallel.value != 0):
        pin()
        acquire(channel.lock, RANK_CHANNEL)


@inline
def unlock_channel(channel: Channel) -> None:
    """Undoes lock_channel()."""
    if unlikely(parallel.value != 0):
        release(channel.lock)
        unpin()


# --- Bubbles ----------------------------------------------------------------------------------------


@inline
def is_foreign(channel: Channel) -> bool:
    """Whether the channel belongs to a bubble of testing/synctest in which the running goroutine is not."""
    return unlikely(channel.bubble != 0) and channel.bubble != bubble_number(machine.g)


@goroutine("tricolor.foreign_send")
def fatal_foreign_send() -> None:
    """Ends the program as a send from outside the channel's bubble does."""
    fatal_error(*text("send on synctest channel from outside bubble"))


@goroutine("tricolor.foreign_receive")
def fatal_foreign_receive() -> None:
    """Ends the program as a receive from outside the channel's bubble does."""
    fatal_error(*text("receive on synctest channel from outside bubble"))


# --- Queues and elements --------------------------------------------------------------------------


@inline
def enqueue_waiter(queue: WaitQueue, waiter: Sudog) -> None:
    """Puts a waiter at the end."""
    waiter.next = null(Sudog)
    waiter.previous = queue.last
    if is_null(queue.last):
        queue.first = waiter
    else:
        queue.last.next = waiter
    queue.last = waiter


@inline
def remove_waiter(queue: WaitQueue, waiter: Sudog) -> None:
    """Takes out a waiter if it is in the queue."""
    before = waiter.previous
    after = waiter.next
    if is_null(before) and queue.first is not waiter:
        return
    if is_null(before):
        queue.first = after
    else:
        before.next = after
    if is_null(after):
        queue.last = before
    else:
        after.previous = before
    waiter.next = null(Sudog)
    waiter.previous = null(Sudog)


@inline
def wins_select(g: G) -> bool:
    """Whether no other case of the select in which the goroutine waits has won yet. Then this one has. The lock of another channel
    does not keep others from the goroutine."""
    if unlikely(parallel.value != 0):
        return atomic_compare_exchange(g.select_done, 0, 1, "acq_rel")
    if g.select_done != 0:
        return False
    g.select_done = 1
    return True


@inline
def take_waiter(queue: WaitQueue) -> Sudog:
    """Takes out the first waiter; null if there is none. A select that another case has won is passed over."""
    while True:
        waiter = queue.first
        if is_null(waiter):
            return waiter
        after = waiter.next
        queue.first = after
        if is_null(after):
            queue.last = after
        else:
            after.previous = null(Sudog)
            waiter.next = null(Sudog)
        if waiter.is_select == 0 or wins_select(waiter.g):
            return waiter


@inline
def copy_elem(channel: Channel, target: addr, source: addr) -> None:
    """Copies an element."""
    copy_go_value(channel.elem_type, target, source, to_u64(channel.elem_bytes))


@inline
def wake_waiter(waiter: Sudog, success: u8) -> None:
    """Makes the goroutine of a waiter that was taken out of its queue the next to run; ``param`` says which of its records woke it.

    The goroutine may run at once on another processor, so nobody but itself touches the record after that.
    """
    waiter.success = success
    if unlikely(waiter.released_ns != 0):
        waiter.released_ns = nanotime()
    waiter.g.param = address(waiter)
    make_ready(waiter.g)


@inline
def give_to_receiver(channel: Channel, receiver: Sudog, elem: addr) -> None:
    """Sends to a receiver that has waited."""
    if receiver.elem != 0:
        copy_elem(channel, receiver.elem, elem)


@inline
def put_in_buffer(channel: Channel, elem: addr) -> None:
    """Appends an element; there must be room."""
    copy_elem(channel, channel.buffer + channel.send_at * to_u64(channel.elem_bytes), elem)
    following = channel.send_at + 1
    channel.send_at = 0 if following == channel.capacity else following
    channel.count += 1


@inline
def take_from_buffer(channel: Channel, elem: addr) -> None:
    """Takes the oldest element; there must be one."""
    place = channel.buffer + channel.receive_at * to_u64(channel.elem_bytes)
    if elem != 0:
        copy_elem(channel, elem, place)
    if channel.has_pointers != 0:
        clear_go_values(channel.elem_type, place, to_u64(channel.elem_bytes))
    following = channel.receive_at + 1
    channel.receive_at = 0 if following == channel.capacity else following
    channel.count -= 1


@inline
def take_from_sender(channel: Channel, sender: Sudog, elem: addr) -> None:
    """Receives from a sender that has waited: its element, or the oldest in the full buffer, whose place gets the sender's."""
    if channel.capacity == 0:
        if elem != 0:
            copy_elem(channel, elem, sender.elem)
    else:
        place = channel.buffer + channel.receive_at * to_u64(channel.elem_bytes)
        if elem != 0:
            copy_elem(channel, elem, place)
        copy_elem(channel, place, sender.elem)
        following = channel.receive_at + 1
        channel.receive_at = 0 if following == channel.capacity else following
        channel.send_at = channel.receive_at


@inline
def clear_elem(channel: Channel, elem: addr) -> None:
    """What a receive from a closed channel gives."""
    if elem != 0:
        clear_go_values(channel.elem_type, elem, to_u64(channel.elem_bytes))


@inline
def check_channel(channel: Channel) -> None:
    """Invariants 1 to 3."""
    receiver = channel.receivers.first
    sender = channel.senders.first
    check(2, parallel.value == 0 or holds(channel.lock), "check_channel: the channel is used without its lock")
    check(2, is_null(receiver) or is_null(sender) or receiver.is_select != 0, "check_channel: goroutines wait in both queues")
    check(2, is_null(receiver) or channel.count == 0, "check_channel: a goroutine waits to receive what is in the buffer")
    check(2, is_null(sender) or channel.count == channel.capacity, "check_channel: a goroutine waits to send into a buffer with room")


@inline
def try_send(channel: Channel, elem: addr) -> tuple[bool, Sudog]:
    """Sends if that is possible at once; the second result is the receiver that must be woken, or null. The channel must not be closed."""
    check_channel(channel)
    receiver = take_waiter(channel.receivers)
    if not is_null(receiver):
        give_to_receiver(channel, receiver, elem)
        return True, receiver
    if channel.count < channel.capacity:
        put_in_buffer(channel, elem)
        return True, receiver
    return False, receiver


@inline
def try_receive(channel: Channel, elem: addr) -> tuple[bool, Sudog]:
    """Receives if there is an element or a sender; the second result is the sender that must be woken, or null."""
    check_channel(channel)
    sender = take_waiter(channel.senders)
    if not is_null(sender):
        take_from_sender(channel, sender, elem)
        return True, sender
    if channel.count != 0:
        take_from_buffer(channel, elem)
        return True, sender
    return False, sender


@inline
def wake_partner(waiter: Sudog) -> None:
    """Wakes the waiter that try_send() or try_receive() gave."""
    if not is_null(waiter):
        wake_waiter(waiter, 1)


@inline
def wait_in(channel: Channel, queue: WaitQueue, waiter: Sudog, elem: addr, reason: u8) -> bool:
    """Parks the running goroutine in a queue of the channel, and unlocks the channel; False if the channel was closed.

    ``waiter`` lies in the caller's frame, which stays where it is while the goroutine waits; nobody else touches it once the goroutine runs
    again.
    """
    g = machine.g
    began = wait_began()
    waiter.g = g
    waiter.elem = elem
    waiter.released_ns = -1 if began != 0 else 0
    waiter.channel = address(channel)
    enqueue_waiter(queue, waiter)
    if unlikely(parallel.value != 0):
        machine.wait_lock = address(channel.lock)
    park_waiting(g, reason)
    success = waiter.success != 0
    if unlikely(began != 0):
        block_event(waiter.released_ns - began, 0)
    return success


@inline
def block_forever(reason: u8) -> None:
    """Parks a goroutine that nothing wakes."""
    while True:
        park_waiting(machine.g, reason)


# --- Send and receive -----------------------------------------------------------------------------


@goroutine("tricolor.send_closed")
def panic_send_closed() -> None:
    """Panics as a send on a closed channel does."""
    panicplain(*text("send on closed channel"))


@goroutine("runtime.chansend1")
def chansend1(channel: Channel, elem: addr) -> None:
    """``channel <- *elem``."""
    if unlikely(is_null(channel)):
        block_forever(REASON_SEND_NIL)
    if is_foreign(channel):
        fatal_foreign_send()
    lock_channel(channel)
    if unlikely(channel.closed != 0):
        unlock_channel(channel)
        panic_send_closed()
    check_channel(channel)
    receiver = take_waiter(channel.receivers)
    if not is_null(receiver):
        give_to_receiver(channel, receiver, elem)
        unlock_channel(channel)
        wake_waiter(receiver, 1)
        return
    if channel.count < channel.capacity:
        put_in_buffer(channel, elem)
        unlock_channel(channel)
        return
    waiter = stack_struct(Sudog)
    if not wait_in(channel, channel.senders, waiter, elem, REASON_SEND if channel.bubble == 0 else REASON_BUBBLE_SEND):
        panic_send_closed()


@goroutine("runtime.chanrecv2")
def chanrecv2(channel: Channel, elem: addr) -> bool:
    """``*elem, ok = <-channel``; elem may be 0."""
    if unlikely(is_null(channel)):
        block_forever(REASON_RECEIVE_NIL)
    if is_foreign(channel):
        fatal_foreign_receive()
    timer = channel.timer
    if unlikely(timer != 0):
        timer_look(timer)
    lock_channel(channel)
    check_channel(channel)
    sender = take_waiter(channel.senders)
    if not is_null(sender):
        take_from_sender(channel, sender, elem)
        unlock_channel(channel)
        wake_waiter(sender, 1)
        return True
    if channel.count != 0:
        take_from_buffer(channel, elem)
        unlock_channel(channel)
        return True
    if channel.closed != 0:
        unlock_channel(channel)
        clear_elem(channel, elem)
        return False
    if unlikely(timer != 0):
        unlock_channel(channel)
        timer_wait(timer)
        lock_channel(channel)
        if channel.count != 0:
            take_from_buffer(channel, elem)
            unlock_channel(channel)
            timer_leave(timer)
            return True
    waiter = stack_struct(Sudog)
    received = wait_in(channel, channel.receivers, waiter, elem, REASON_RECEIVE if channel.bubble == 0 else REASON_BUBBLE_RECEIVE)
    if unlikely(timer != 0):
        timer_leave(timer)
    if received:
        return True
    clear_elem(channel, elem)
    return False


@goroutine("runtime.chanrecv1")
def chanrecv1(channel: Channel, elem: addr) -> None:
    """``*elem = <-channel``; elem may be 0."""
    chanrecv2(channel, elem)


@inline
def is_closed(channel: Channel) -> bool:
    """Whether the channel is closed, seen without its lock. What the closing goroutine did before is seen after that."""
    return atomic_load(channel.closed, "acquire") != 0


@inline
def looks_full(channel: Channel) -> bool:
    """Whether a sender would wait, seen without the lock."""
    if channel.capacity == 0:
        return is_null(atomic_load(channel.receivers.first, "acquire"))
    return atomic_load(channel.count, "acquire") == channel.capacity


@inline
def looks_empty(channel: Channel) -> bool:
    """Whether a receiver would wait, seen without the lock."""
    if channel.capacity == 0:
        return is_null(atomic_load(channel.senders.first, "acquire"))
    return atomic_load(channel.count, "acquire") == 0


@goroutine("runtime.selectnbsend")
def selectnbsend(channel: Channel, elem: addr) -> bool:
    """``select { case channel <- *elem: default: }``: whether it was sent."""
    if is_null(channel):
        return False
    if is_foreign(channel):
        fatal_foreign_send()
    # In this order: what was open and is found full later became full while it was open, since a closed channel does not fill up.
    if unlikely(parallel.value != 0) and not is_closed(channel) and looks_full(channel):
        return False
    lock_channel(channel)
    if unlikely(channel.closed != 0):
        unlock_channel(channel)
        panic_send_closed()
    sent, receiver = try_send(channel, elem)
    unlock_channel(channel)
    wake_partner(receiver)
    return sent


@goroutine("runtime.selectnbrecv")
def selectnbrecv(elem: addr, channel: Channel) -> tuple[bool, bool]:
    """``select { case *elem, ok = <-channel: default: }``: whether the case was taken, and ok."""
    if is_null(channel):
        return False, False
    if is_foreign(channel):
        fatal_foreign_receive()
    if unlikely(channel.timer != 0):
        timer_look(channel.timer)
    # In this order: a channel that was empty and is not closed later was empty and open at the moment of the first look.
    if unlikely(parallel.value != 0) and looks_empty(channel) and not is_closed(channel):
        return False, False
    lock_channel(channel)
    received, sender = try_receive(channel, elem)
    closed = channel.closed != 0
    unlock_channel(channel)
    if received:
        wake_partner(sender)
        return True, True
    if closed:
        clear_elem(channel, elem)
    return closed, False


@inline
def take_all(queue: WaitQueue, first: G, last: G) -> tuple[G, G]:
    """Takes all waiters of a channel that is closed, and puts their goroutines at the end of a list by ``link``."""
    while True:
        waiter = take_waiter(queue)
        if is_null(waiter):
            return first, last
        waiter.g.param = address(waiter)
        waiter.g.link = null(G)
        if is_null(first):
            first = waiter.g
        else:
            last.link = waiter.g
        last = waiter.g


@goroutine("runtime.closechan")
def closechan(channel: Channel) -> None:
    """close(channel): wakes all who wait."""
    if unlikely(is_null(channel)):
        panicplain(*text("close of nil channel"))
    if is_foreign(channel):
        fatal_error(*text("close of synctest channel from outside bubble"))
    lock_channel(channel)
    if unlikely(channel.closed != 0):
        unlock_channel(channel)
        panicplain(*text("close of closed channel"))
    atomic_store(channel.closed, 1, "release")
    first, last = take_all(channel.receivers, null(G), null(G))
    first, last = take_all(channel.senders, first, last)
    unlock_channel(channel)
    while not is_null(first):
        g = first
        first = g.link
        wake_waiter(as_struct(Sudog, g.param), 0)


# --- The rest -------------------------------------------------------------------------------------


@goroutine("runtime.block")
def block() -> None:
    """``select {}``."""
    block_forever(REASON_SELECT_NO_CASES)


@goroutine("runtime.chantimer")
def chantimer(channel: Channel, timer: addr) -> None:
    """Notes that a timer sends to the channel, whose elements have pointers."""
    if channel.has_pointers == 0:
        panicplain(*text("a timer sends to a channel whose elements have no pointers"))
    store_go_pointer(field_address(channel.timer), timer)
