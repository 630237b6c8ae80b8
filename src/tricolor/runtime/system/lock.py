"""Lock: mutual exclusion between threads, for kernels and for package runtime.

How: the word is FREE, HELD, or CONTENDED: held, and a thread may sleep on it. An uncontended lock costs one atomic exchange each way. A
thread that finds the lock held looks at it SPINS times, then stores CONTENDED and sleeps on the word until release() wakes it. Memory
of zeros is a free lock.

Terms:
    rank       the place of a lock in the order of all locks (``lock_ranks``)
    peers      locks of one rank of which a thread may hold several, acquired in the order of their addresses

Invariants:
    1. A thread MUST acquire a lock only while it holds locks of lower ranks, or peers at lower addresses. Otherwise two threads could
       wait for each other. Checked by acquire().
    2. The thread that acquired a lock MUST release it. Otherwise a lock would be free while code relies on it. Checked by
       release().
    3. A goroutine MUST NOT lose its thread while it holds a lock: ``machine.locks`` counts the locks that goroutines hold. Otherwise
       others would sleep for a goroutine that does not run. gopark() releases the lock after the goroutine is parked. Checked by
       release(), which finds the lock of another thread.
    4. A signal handler MUST NOT acquire a lock: the thread that it interrupts may hold it. Otherwise the thread would wait for itself. No check
       sees that.

Source:
    Go 1.27.3 runtime/lock_spinbit.go and lock_futex.go; Drepper, "Futexes Are Tricky", mutex 3.

Differs from Go:
    The order is a list, not a graph: each pair of locks has one order.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Array,
    Embed,
    Struct,
    addr,
    address,
    atomic_compare_exchange,
    atomic_exchange,
    atomic_load,
    check,
    field_address,
    global_array,
    global_value,
    inline,
    kernel,
    libc,
    spin_hint,
    systemstack,
    text,
    to_i64,
    u32,
    u64,
    unlikely,
)
from tricolor.runtime.lock_ranks import PEERS, SPINS
from tricolor.runtime.system.futex import sleep_while, wake_sleepers
from tricolor.runtime.system.stop import fatal

FREE: Final = 0
HELD: Final = 1
CONTENDED: Final = 2

MAX_THREADS: Final = 256
"""Threads whose locks are checked: as many as can hold a lock at once, and those that ended."""
MAX_NOTED: Final = 16
"""Locks of a thread that are noted; a select may hold more."""


# 1 while more than one processor may run goroutines; it changes only while the world is stopped.
parallel = global_value(u32, symbol_name="tricolor.parallel")


class Lock(Struct):
    """A lock; all zero is free."""

    state: u32


class Holder(Struct):
    """The locks that a thread holds, in the order in which it acquired them. Only check level 2 has them."""

    thread: u64
    """pthread_self(); 0: the record is free."""
    count: u64
    uncounted: u64
    """Locks that it holds besides those noted."""
    locks: Array[addr, MAX_NOTED]
    ranks: Array[u64, MAX_NOTED]


_holders = global_array(Embed[Holder], MAX_THREADS)


@libc
def pthread_self() -> u64: ...


# --- The lock -------------------------------------------------------------------------------------


@inline
def acquire(lock: Lock, rank: u64) -> None:
    """Waits until the lock is free, and takes it."""
    check(2, note_acquire(lock, rank), "acquire: the thread holds a lock of the same rank or a higher one")
    if unlikely(atomic_exchange(lock.state, HELD, "acquire") != FREE):
        acquire_contended(lock)


@inline
def release(lock: Lock) -> None:
    """Frees the lock and wakes a thread that sleeps on it."""
    check(2, note_release(lock), "release: the thread does not hold the lock")
    if unlikely(atomic_exchange(lock.state, FREE, "release") == CONTENDED):
        wake_waiter(lock)


@inline
def acquire_if_parallel(lock: Lock, rank: u64) -> None:
    """As acquire(), for data that only threads with a processor touch: as long as one processor runs, no other thread does."""
    if unlikely(parallel.value != 0):
        acquire(lock, rank)


@inline
def release_if_parallel(lock: Lock) -> None:
    """Undoes acquire_if_parallel(). In between the world was not stopped."""
    if unlikely(parallel.value != 0):
        release(lock)


@systemstack("tricolor.acquire_contended")
def acquire_contended(lock: Lock) -> None:
    """Takes a lock that acquire() found held.

    Its exchange may have overwritten CONTENDED, so that the holder wakes nobody. So this thread takes the lock as CONTENDED in any
    case, and wakes the one that sleeps when it releases the lock.
    """
    looks: u64 = 0
    while looks < SPINS:
        if atomic_load(lock.state, "relaxed") == FREE and atomic_exchange(lock.state, CONTENDED, "acquire") == FREE:
            return
        spin_hint()
        looks += 1
    while atomic_exchange(lock.state, CONTENDED, "acquire") != FREE:
        sleep_while(field_address(lock.state), to_i64(CONTENDED))


@systemstack("tricolor.wake_waiter")
def wake_waiter(lock: Lock) -> None:
    """Wakes one of the threads that sleep on the lock."""
    wake_sleepers(field_address(lock.state), 1)


# --- The order ------------------------------------------------------------------------------------


@kernel
def _own_holder() -> Holder:
    """The record of the calling thread."""
    me = pthread_self()
    at: u64 = 0
    while True:
        if at == MAX_THREADS:
            fatal(*text("too many threads to check the order of locks"))
        each = _holders[at]
        owner = atomic_load(each.thread, "relaxed")
        if owner == me or (owner == 0 and atomic_compare_exchange(each.thread, 0, me, "relaxed")):
            return each
        at += 1


@systemstack("tricolor.note_acquire")
def note_acquire(lock: Lock, rank: u64) -> bool:
    """Invariant 1: whether the thread may acquire the lock. Notes that it does."""
    own = _own_holder()
    if own.count != 0:
        top = own.ranks[own.count - 1]
        in_order = top < rank or (top == rank and rank == PEERS and own.locks[own.count - 1] < address(lock))
        if not in_order:
            return False
    if own.count == MAX_NOTED:
        own.uncounted += 1
        return True
    own.locks[own.count] = address(lock)
    own.ranks[own.count] = rank
    own.count += 1
    return True


@systemstack("tricolor.note_release")
def note_release(lock: Lock) -> bool:
    """Invariants 2 and 3: whether the thread holds the lock. Notes that it does not any more."""
    own = _own_holder()
    place = _place_of(own, lock)
    if place == own.count:
        if own.uncounted == 0:
            return False
        own.uncounted -= 1
        return True
    own.count -= 1
    while place < own.count:
        own.locks[place] = own.locks[place + 1]
        own.ranks[place] = own.ranks[place + 1]
        place += 1
    return True


@systemstack("tricolor.holds")
def holds(lock: Lock) -> bool:
    """Whether the thread holds the lock; for checks of level 2 and above only."""
    own = _own_holder()
    return own.uncounted != 0 or _place_of(own, lock) != own.count


@kernel
def _place_of(own: Holder, lock: Lock) -> u64:
    """Where the lock is noted; ``own.count`` if it is not."""
    place: u64 = 0
    while place < own.count and own.locks[place] != address(lock):
        place += 1
    return place
