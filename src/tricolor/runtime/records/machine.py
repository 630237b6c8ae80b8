"""Machine (Go's m): a thread that runs goroutines. It holds what belongs to the thread and not to its processor.

``machine`` is the calling thread's own: natively its address is the base of ``%gs``. A thread that runs no goroutines has none, and
the base of ``%gs`` is 0 there. So the monitor thread, and signal handlers until they know their thread, go
through the list of machines that begins with ``first_machine``.

Source:
    Go 1.27.3 runtime/runtime2.go (m).
"""

from __future__ import annotations

from tricolor.kernel.lang import Struct, addr, atomic_load, atomic_store, global_struct, inline, thread_struct, u32, u64
from tricolor.runtime.allocator.heap_types import MCache
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.processor import Processor


class Machine(Struct):
    """A thread that runs goroutines."""

    system_stack: addr
    """Where a thunk begins on the system stack while a goroutine runs: system_base. 0 while the system stack is in use."""
    goroutine_sp: addr
    """Stack pointer of the goroutine while the system stack is in use."""
    goroutine_fp: addr
    """Its frame pointer."""
    system_limit: u64
    """``%fs:112`` while the system stack is in use."""
    goroutine_limit: u64
    """``%fs:112`` of the goroutine."""
    g: G
    """The running goroutine; null while none runs."""
    self: "Machine"
    system_base: addr
    """Where the system stack begins."""
    processor: Processor
    """The processor with which the thread runs goroutines; null while it has none. In a system call: the one it had."""
    given: Processor
    """The processor that another thread has given to this one, which sleeps or starts."""
    note: u32
    """1 when another thread wakes this one, which sleeps on the word."""
    idle_link: "Machine"
    """The next idle one."""
    limit_address: addr
    """Address of this thread's ``%fs:112``, by which other threads and signal handlers know the thread."""
    wait_lock: addr
    """Lock to release once the goroutine is parked; 0: none."""
    seeded: u32
    """1 in the seeded mode: the goroutine's limit is always PREEMPT, so that each function's prologue comes to grow_stack()."""
    calls_left: u64
    """In the seeded mode: prologues until the goroutine yields."""
    locks: u32
    """Locks of package runtime that the running goroutine holds, and its pins. While it is not 0 the goroutine is not preempted."""
    all_link: "Machine"
    """The next one after ``first_machine``."""
    busy: u32
    """1 while compiled Go code is in a window in which no signal may stop it: a bulk copy or clear with its write barrier."""
    thread: u64
    """The thread for pthread_kill."""
    locked_g: G
    """The only goroutine that the thread runs, after runtime.LockOSThread; null: any."""
    spinning: u32
    """1 while the thread looks for goroutines in the queues of other processors; ``scheduler.spinning`` counts it."""
    free_registers: addr
    """Records for saved registers that the thread can use, by their first word."""
    spent: addr
    """Saved registers with which the thread went on last: nobody needs them when it is in the scheduler again. 0: none."""


machine = thread_struct(Machine, symbol_name="tricolor.machine")
# The machine of the first thread that runs goroutines.
first_machine = global_struct(Machine, symbol_name="tricolor.first_machine")


@inline(symbol_name="tricolor.enter_window")
def enter_window() -> None:
    """From here on no signal stops the goroutine. Compiled Go code puts a fence for the compiler after the call."""
    atomic_store(machine.busy, 1, "relaxed")


@inline(symbol_name="tricolor.leave_window")
def leave_window() -> None:
    """Ends what enter_window() began. Compiled Go code puts a fence for the compiler before the call."""
    atomic_store(machine.busy, 0, "relaxed")


@inline
def mcache() -> MCache:
    """The mcache from which the calling thread allocates."""
    return machine.processor.mcache


@inline
def pin() -> None:
    """The running goroutine is not preempted until unpin(). Accesses after this are not moved before it, by the compiler neither."""
    atomic_store(machine.locks, machine.locks + 1, "relaxed")
    atomic_load(machine.locks, "acquire")


@inline
def unpin() -> None:
    """Undoes one pin(). Accesses before this are not moved after it."""
    atomic_store(machine.locks, machine.locks - 1, "release")
