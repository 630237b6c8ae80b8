"""runtime.LockOSThread: a goroutine that runs on one thread only, and a thread that runs only this goroutine.

How: when the goroutine parks or yields, its thread gives the processor to another thread and sleeps (stay_with_goroutine). A thread that takes the
goroutine from a queue gives its processor to the goroutine's thread, and waits for another one (run_elsewhere).

Source:
    Go 1.27.3 runtime/proc.go (LockOSThread, stoplockedm, startlockedm).

Differs from Go:
    A thread whose goroutine ends without UnlockOSThread runs others again; Go ends the thread. In the seeded mode there is one thread, and nothing
    is locked.
"""

from __future__ import annotations

from tricolor.kernel.lang import address, as_struct, atomic_store, is_null, kernel, null, systemstack, to_addr
from tricolor.runtime.lock_ranks import RANK_SCHEDULER
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.machine import Machine, machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import Processor
from tricolor.runtime.scheduler.machines import has_work, idle_processor_put, machine_go, processor_wait, thread_for, wait_for_own_goroutine
from tricolor.runtime.system.lock import acquire, release


@systemstack("runtime.lockthread")
def lock_thread() -> None:
    """The running goroutine stays on its thread until as many calls of unlock_thread()."""
    if machine.seeded != 0:
        return
    g = machine.g
    g.thread_locks += 1
    g.locked_thread = address(machine)
    machine.locked_g = g


@systemstack("runtime.unlockthread")
def unlock_thread() -> None:
    """Undoes one call of lock_thread(); does nothing without one."""
    g = machine.g
    if g.thread_locks == 0:
        return
    g.thread_locks -= 1
    if g.thread_locks == 0:
        forget_thread(g)


@kernel
def forget_thread(g: G) -> None:
    """The goroutine, which runs or has just ended on its thread, may run on any thread, and the thread run any goroutine."""
    g.thread_locks = 0
    g.locked_thread = to_addr(0)
    machine.locked_g = null(G)


@kernel
def stay_with_goroutine() -> G:
    """Gives the thread's processor to another thread, if it has one, and waits until the thread's goroutine runs; gives the goroutine."""
    p = machine.processor
    m = null(Machine)
    acquire(scheduler.lock, RANK_SCHEDULER)
    if not is_null(p):
        machine.processor = null(Processor)
        if has_work(p):
            m = thread_for(p)
        else:
            idle_processor_put(p)
    wait_for_own_goroutine(m)
    return machine.locked_g


@kernel
def run_elsewhere(g: G) -> None:
    """Gives the thread's processor to the thread on which alone the goroutine runs, and waits for another one."""
    m = as_struct(Machine, g.locked_thread)
    p = machine.processor
    acquire(scheduler.lock, RANK_SCHEDULER)
    machine.processor = null(Processor)
    m.given = p
    atomic_store(p.owner, address(m), "release")
    scheduler.locked_waiting -= 1
    release(scheduler.lock)
    machine_go(m)
    processor_wait()
