"""Functions of a few instructions that compiled Go code calls: they are copied into it (``runtime.modules``)."""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import addr, atomic_load, field_address, i32, inline, is_null, keep_alive, spin_hint, to_i32, u64
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.machine import machine, pin, unpin
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import next_random
from tricolor.runtime.system.lock import Lock, acquire, parallel, release

PAUSES: Final = 30
"""As in Go. Each takes 40 to 140 cycles."""


@inline(symbol_name="runtime.getg")
def getg() -> G:
    """The running goroutine."""
    return machine.g


@inline(symbol_name="runtime.gwords")
def gwords() -> addr:
    """Address of the words of the running goroutine's record that belong to package runtime."""
    return field_address(machine.g.words)


@inline(symbol_name="runtime.procpin")
def procpin() -> i32:
    """The running goroutine is not preempted until procunpin; gives the number of its processor."""
    pin()
    return to_i32(machine.processor.number)


@inline(symbol_name="runtime.procunpin")
def procunpin() -> None:
    """Undoes one procpin."""
    unpin()


@inline(symbol_name="runtime.canspin")
def canspin() -> bool:
    """Whether it makes sense to wait for a lock without parking: others run, of which one may hold it, and nobody waits for this processor.

    Threads that only look for work do not count.
    """
    if parallel.value == 0:
        return False
    idle = atomic_load(scheduler.idle_processor_count, "relaxed") + atomic_load(scheduler.spinning, "relaxed")
    p = machine.processor
    return to_i32(scheduler.processor_count) > idle + 1 and is_null(p.run_next) and p.run_head == p.run_tail


@inline(symbol_name="runtime.procyield")
def procyield() -> None:
    """Waits for a short time, and lets the other thread of the CPU's core run."""
    for _ in range(PAUSES):
        spin_hint()


@inline(symbol_name="runtime.lock")
def lock(word: Lock, rank: u64) -> None:
    """Acquires a lock of package runtime. Its holder is not preempted, and must not park but by gopark(word) or gosleep(word)."""
    pin()
    acquire(word, rank)


@inline(symbol_name="runtime.unlock")
def unlock(word: Lock) -> None:
    """Releases a lock of package runtime."""
    release(word)
    unpin()


@inline(symbol_name="runtime.keepalive")
def keep_object_alive(object: addr) -> None:
    """Uses a pointer."""
    keep_alive(object)


@inline(symbol_name="runtime.goid")
def goid() -> u64:
    """Number of the running goroutine, from 1."""
    return machine.g.id


@inline(symbol_name="runtime.argc")
def argument_count() -> i32:
    """Number of the program's arguments."""
    return to_i32(scheduler.argc)


@inline(symbol_name="runtime.argv")
def arguments() -> addr:
    """The program's arguments, as main gets them."""
    return scheduler.argv


@inline(symbol_name="runtime.environ")
def environment() -> addr:
    """The environment, as main gets it."""
    return scheduler.envp


@inline(symbol_name="tricolor.map_seed")
def map_seed() -> u64:
    """The seed of a new map's hashes."""
    return next_random(machine.processor)
