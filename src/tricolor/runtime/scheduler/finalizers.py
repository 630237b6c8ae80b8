"""The goroutine that runs finalizers and cleanups waits here (package runtime holds its code).

It holds a lock from its look into the queue until it has parked. Whoever has queued something acquires the lock, and then either finds it
parked or knows that it will look again.

Source:
    Go 1.27.3 runtime/mfinal.go (runFinalizers).
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    addr,
    address,
    function_address,
    global_struct,
    global_value,
    goroutine,
    i32,
    is_null,
    kernel,
    null,
    systemstack,
    to_i32,
    u64,
)
from tricolor.runtime.collector.specials import queue_hook, take_queued
from tricolor.runtime.lock_ranks import RANK_FINALIZERS
from tricolor.runtime.records.goroutine import RUNNABLE, WAITING, G, change_status
from tricolor.runtime.records.machine import machine, pin, unpin
from tricolor.runtime.scheduler.goroutines import park_waiting
from tricolor.runtime.scheduler.reasons import REASON_FINALIZER
from tricolor.runtime.scheduler.run_queue import enqueue, sample_ready
from tricolor.runtime.system.lock import Lock, acquire, release

_lock = global_struct(Lock)
waiter = global_value(G)


@kernel
def wake_waiter() -> None:
    """Makes the goroutine that waits for finalizers run."""
    acquire(_lock, RANK_FINALIZERS)
    g = waiter.value
    waiter.value = null(G)
    release(_lock)
    if is_null(g):
        return
    change_status(g, WAITING, RUNNABLE)
    sample_ready(machine.processor, g)
    enqueue(machine.processor, g)


@systemstack("tricolor.take_queued")
def take_or_wait(object: addr, closure: addr) -> u64:
    """Takes a queued finalizer or cleanup; if there is none, notes that the running goroutine will wait, and keeps the lock."""
    pin()
    acquire(_lock, RANK_FINALIZERS)
    kind = take_queued(object, closure)
    if kind == 0:
        waiter.value = machine.g
        queue_hook.value = function_address(wake_waiter)
        machine.wait_lock = address(_lock)
        return 0
    release(_lock)
    unpin()
    return kind


@goroutine("runtime.nextfinalizer")
def nextfinalizer(object: addr, closure: addr) -> i32:
    """Waits for the next finalizer (1) or cleanup (2), and stores its object and closure."""
    while True:
        kind = take_or_wait(object, closure)
        if kind != 0:
            return to_i32(kind)
        park_waiting(machine.g, REASON_FINALIZER)
