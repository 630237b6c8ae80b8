"""Contention: how long goroutines wait for channels and locks, by call stack. The block and the mutex profile.

A wait is charged to the goroutine that waits (block), and the wait for a lock also to the one that releases it (mutex). Short waits
are sampled: one that takes a tenth of the rate is counted once in ten times, and then as ten.

Source:
    Go 1.27.3 runtime/mprof.go (blockevent, blocksampled, mutexevent, saveBlockEventStack).

Differs from Go:
    The clock is nanotime, not the processor's counter of cycles.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    f64,
    field_address,
    global_value,
    i64,
    inline,
    kernel,
    stack_struct,
    systemstack,
    to_f64,
    to_i64,
    to_u64,
    u64,
    unlikely,
)
from tricolor.runtime.allocator.sampling import next_random
from tricolor.runtime.allocator.stack_records import (
    BLOCK_PROFILE,
    MUTEX_PROFILE,
    STACK_DEPTH,
    StackRecord,
    StackWords,
    count_waits,
    first_records,
    record_of,
)
from tricolor.runtime.records.machine import mcache
from tricolor.runtime.scheduler.traceback import store_callers
from tricolor.runtime.system.clock import nanotime

# A wait of so many ns is counted once on average; 0: none is.
block_rate = global_value(i64)
# One of so many waits for a lock is counted; 0: none is.
mutex_fraction = global_value(i64)


@inline
def wait_began() -> i64:
    """The time if waits are profiled, else 0."""
    return nanotime() if unlikely(block_rate.value > 0) else 0


@systemstack("runtime.blockevent")
def block_event(delay_ns: i64, skip: i64) -> None:
    """Counts a wait of the running goroutine, perhaps. Skip 0: the stack begins in the function that calls this."""
    rate = block_rate.value
    delay = max(delay_ns, 1)
    if rate <= 0 or (rate > delay and to_i64(next_random(mcache()) >> 1) % rate > delay):
        return
    if delay < rate:
        count_event(BLOCK_PROFILE, to_u64(skip), to_f64(rate) / to_f64(delay), rate)
    else:
        count_event(BLOCK_PROFILE, to_u64(skip), 1.0, delay)


@systemstack("runtime.mutexevent")
def mutex_event(delay_ns: i64, skip: i64) -> None:
    """Counts, perhaps, how long others have waited for the lock that the running goroutine releases."""
    fraction = mutex_fraction.value
    if fraction > 0 and to_i64(next_random(mcache()) >> 1) % fraction == 0:
        count_event(MUTEX_PROFILE, to_u64(skip), to_f64(fraction), fraction * max(delay_ns, 0))


@kernel
def count_event(kind: u64, skip: u64, events: f64, delay_ns: i64) -> None:
    """Adds to the record of the running goroutine's stack."""
    stack = stack_struct(StackWords)
    words = field_address(stack.words)
    record = record_of(kind, 0, words, store_callers(skip, words, STACK_DEPTH))
    count_waits(record, events, delay_ns)


@systemstack("runtime.setblockrate")
def set_block_rate(rate_ns: i64) -> None:
    """Sets the rate of the block profile."""
    block_rate.value = rate_ns


@systemstack("runtime.setmutexfraction")
def set_mutex_fraction(fraction: i64) -> None:
    """Sets the fraction of the mutex profile."""
    mutex_fraction.value = fraction


@systemstack("runtime.eventrecords")
def event_records(mutex: bool) -> StackRecord:
    """The first record of the mutex or of the block profile."""
    return first_records[MUTEX_PROFILE if mutex else BLOCK_PROFILE]
