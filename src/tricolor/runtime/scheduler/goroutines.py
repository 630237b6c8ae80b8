"""Creates, queues, runs, parks, wakes and ends goroutines.

Goroutines that can run wait in the queue of the processor (``run_queue``), those that sleep until a point of time in a heap
(``sleepers``), all others in a queue of what they wait for. When no goroutine can run, the thread sleeps until the first
sleeper is due; if nobody sleeps, the program is deadlocked.

Invariants:
    1. Between reading shared state and ``park``, a ``@goroutine`` function MUST NOT call a ``@goroutine`` function.
       Otherwise its prologue could yield in between, and a wake-up could be lost. No check sees that.

Source:
    Go 1.27.3 runtime/proc.go (newproc, schedule, goready, gopark, goexit0).
"""

from __future__ import annotations

from typing import Final, NoReturn

from tricolor.kernel.lang import (
    addr,
    as_struct,
    atomic_load,
    check,
    export,
    field_address,
    function_address,
    goroutine,
    i32,
    i64,
    inline,
    is_null,
    kernel,
    load_u64,
    null,
    size_of,
    systemstack,
    to_addr,
    to_i32,
    to_i64,
    to_u32,
    u8,
    u32,
    unlikely,
)
from tricolor.runtime.allocator.marking import is_marking, marking
from tricolor.runtime.collector.barrier import shade
from tricolor.runtime.collector.cycle import background_slice, idle_slice
from tricolor.runtime.collector.cycles import cycles
from tricolor.runtime.lock_ranks import RANK_SCHEDULER
from tricolor.runtime.pointer_stores import store_go_pointer
from tricolor.runtime.records.goroutine import DEAD, LABELS, RUNNABLE, RUNNING, WAITING, G
from tricolor.runtime.records.machine import machine, unpin
from tricolor.runtime.records.process import counters, scheduler
from tricolor.runtime.records.processor import Processor
from tricolor.runtime.records.time_histogram import count_duration, ready_times
from tricolor.runtime.scheduler.context import park, resume
from tricolor.runtime.scheduler.machines import (
    idle_processor_take,
    processor_give_up,
    processor_use,
    processor_wait,
    shared_put,
    shared_take,
)
from tricolor.runtime.scheduler.netpoll import poll_look
from tricolor.runtime.scheduler.preempt import MONITOR_NONE, start_monitor
from tricolor.runtime.scheduler.run_queue import enqueue, enqueue_all, make_ready, sample_ready, take_next
from tricolor.runtime.scheduler.saved_registers import go_on
from tricolor.runtime.scheduler.scan import shade_slots
from tricolor.runtime.scheduler.seeded import choose, jump_to_sleeper
from tricolor.runtime.scheduler.segments import segment_new
from tricolor.runtime.scheduler.sleepers import (
    sleeper_insert,
    sleeper_remove,
    sleepers_due,
)
from tricolor.runtime.scheduler.stacks import MAIN_SEGMENT_BYTES, stack_prepare, stack_retire
from tricolor.runtime.scheduler.stops import out_of_memory
from tricolor.runtime.system.clock import nanotime
from tricolor.runtime.system.lock import Lock, acquire, release
from tricolor.runtime.system.memory import map_memory
from tricolor.runtime.system.seed import seed

G_SLAB_BYTES: Final = 64 * 1024
# Switches between two looks at the sleepers and the shared queue: a look at the clock takes 25 ns.
LOOK_EVERY: Final = 32


# --- The next to run -------------------------------------------------------------------------------


@kernel
def wake_due(p: Processor) -> None:
    """Puts the sleepers whose time has come at the end of the run queue."""
    now = nanotime()
    while True:
        g = sleepers_due(p.sleepers, now)
        if is_null(g):
            return
        g.param = 1
        g.status = RUNNABLE
        sample_ready(p, g)
        enqueue(p, g)


@kernel
def _next(p: Processor) -> G:
    """Takes the goroutine that runs next; null if none can run."""
    if unlikely(machine.seeded != 0):
        return choose(p)
    return take_next(p)


@kernel
def _find_work() -> G:
    """Takes a goroutine that does not stand in the run queue.

    While there is none, the thread helps the collector, and then waits without its processor.
    """
    while True:
        g = shared_take()
        if not is_null(g):
            return g
        p = machine.processor
        if p.sleepers.first_wake >= 0:
            wake_due(p)
            g = _next(p)
            if not is_null(g):
                return g
        if atomic_load(scheduler.poll_waiters, "relaxed") != 0:
            enqueue_all(p, poll_look())
            g = _next(p)
            if not is_null(g):
                return g
        if idle_slice():
            continue
        if machine.seeded != 0 and jump_to_sleeper(p):
            continue
        if processor_give_up():
            processor_wait()
            g = _next(machine.processor)
            if not is_null(g):
                return g


@kernel
def count_latency(p: Processor) -> None:
    """Counts how long the sampled goroutine, which is about to run, was runnable."""
    count_duration(ready_times, nanotime() - p.sampled_ns)
    p.sampled = null(G)


@kernel
def schedule() -> NoReturn:
    """Runs the next goroutine."""
    p = machine.processor
    counters.switches += 1
    p.schedule_tick += 1
    if unlikely(p.collector_due != 0):
        p.collector_due = 0
        background_slice()
    g = null(G)
    if p.schedule_tick % LOOK_EVERY == 0:
        if p.sleepers.first_wake >= 0:
            wake_due(p)
        g = shared_take()
    if is_null(g):
        g = _next(p)
    if is_null(g):
        g = _find_work()
        p = machine.processor
    g.status = RUNNING
    if unlikely(g is p.sampled):
        count_latency(p)
    if unlikely(g.interrupted != 0):
        if is_marking.value != 0 and g.interrupted_cycle != cycles.count + 1:
            shade_slots(g)
        go_on(g)
    resume(g)


@export("tricolor.return_from_call")
def return_from_call(g: G) -> NoReturn:
    """The goroutine's system call has ended, but another thread has taken its processor."""
    machine.processor = null(Processor)
    acquire(scheduler.lock, RANK_SCHEDULER)
    p = idle_processor_take()
    if is_null(p):
        g.status = RUNNABLE
        shared_put(g)
        release(scheduler.lock)
        processor_wait()
        schedule()
    release(scheduler.lock)
    processor_use(p)
    g.status = RUNNING
    resume(g)


# --- What park calls on the system stack ----------------------------------------------------------


@export("tricolor.commit_park")
def commit_park(g: G) -> NoReturn:
    """The goroutine waits; its lock may be released from here on."""
    if machine.wait_lock != 0:
        release(as_struct(Lock, machine.wait_lock))
        machine.wait_lock = 0
        unpin()
    check(2, machine.locks == 0, "commit_park: the goroutine holds a lock or is pinned")
    schedule()


@kernel(symbol_name="tricolor.commit_yield")
def commit_yield(g: G) -> NoReturn:
    """Puts the goroutine at the end of the queue, after the one that would have run next."""
    check(2, machine.locks == 0, "commit_yield: the goroutine holds a lock or is pinned")
    p = machine.processor
    g.status = RUNNABLE
    sample_ready(p, g)
    if p.preempt != 0:
        p.preempt = 0
        # The monitor may have asked for the sake of a sleeper.
        if p.sleepers.first_wake >= 0:
            wake_due(p)
    following = p.run_next
    if not is_null(following):
        p.run_next = null(G)
        enqueue(p, following)
    enqueue(p, g)
    schedule()


@kernel(symbol_name="tricolor.commit_exit")
def commit_exit(g: G) -> NoReturn:
    """The goroutine has ended."""
    check(2, machine.locks == 0, "commit_exit: the goroutine holds a lock or is pinned")
    g.status = DEAD
    if g.system == 0:
        scheduler.live -= 1
    else:
        scheduler.system_live -= 1
    if g.id == 1:
        scheduler.main_ended = 1
    g.words[0] = 0
    g.words[1] = 0
    g.words[2] = 0
    g.words[LABELS] = 0
    g.param = 0
    g.panics_on_fault = 0
    stack_retire(g)
    g.link = scheduler.free_goroutines
    scheduler.free_goroutines = g
    machine.g = null(G)
    schedule()


# --- Making goroutines ----------------------------------------------------------------------------


@kernel
def _new_g() -> G:
    g = scheduler.free_goroutines
    if not is_null(g):
        scheduler.free_goroutines = g.link
        return g
    if scheduler.goroutine_slab == scheduler.goroutine_slab_end:
        scheduler.goroutine_slab = map_memory(G_SLAB_BYTES)
        if scheduler.goroutine_slab == 0:
            out_of_memory()
        scheduler.goroutine_slab_end = scheduler.goroutine_slab + G_SLAB_BYTES // size_of(G) * size_of(G)
    g = as_struct(G, scheduler.goroutine_slab)
    scheduler.goroutine_slab = scheduler.goroutine_slab + size_of(G)
    if is_null(scheduler.all_goroutines):
        scheduler.all_goroutines = g
        g.first_segment = segment_new(MAIN_SEGMENT_BYTES)
    else:
        scheduler.all_last.all_link = g
    scheduler.all_last = g
    return g


@kernel
def create(closure: addr, system: bool) -> G:
    """A goroutine that will call the closure; its state is WAITING."""
    g = _new_g()
    stack_prepare(g, closure)
    # The closure moves to a stack that the collector may regard as scanned.
    if unlikely(marking.value != 0):
        shade(to_addr(0), closure)
    scheduler.last_id += 1
    g.id = scheduler.last_id
    g.reason = 0
    g.system = 1 if system else 0
    g.timer_index = 0
    g.status = WAITING
    counters.goroutines_created += 1
    if system:
        scheduler.system_live += 1
    else:
        scheduler.live += 1
        counters.goroutines_peak = max(counters.goroutines_peak, scheduler.live)
    parent = machine.g
    g.parent_id = 0
    g.creator_pc = 0
    if not is_null(parent):
        g.parent_id = parent.id
        store_go_pointer(field_address(g.words[LABELS]), parent.words[LABELS])
        # The thunk's frame: above the saved frame pointer is the address in the function that says "go".
        g.creator_pc = load_u64(machine.goroutine_fp + 8)
    return g


@kernel
def monitor_needed() -> None:
    """Starts the monitor thread, for there is more than one goroutine."""
    if scheduler.monitor_state == MONITOR_NONE and seed.on == 0:
        start_monitor()


@systemstack("runtime.newproc")
def newproc(closure: addr) -> None:
    """``go closure()``."""
    make_ready(create(closure, False))
    monitor_needed()


@systemstack("runtime.newsystemproc")
def newsystemproc(closure: addr) -> None:
    """As newproc, for a goroutine of the runtime: it is not counted, and traces do not show it."""
    make_ready(create(closure, True))
    monitor_needed()


@systemstack("runtime.newparkedproc")
def newparkedproc(closure: addr) -> G:
    """A goroutine that runs once goready is called for it."""
    return create(closure, False)


# --- Waiting and waking ---------------------------------------------------------------------------


@goroutine("runtime.gopark")
def gopark(unlock: addr, reason: u8) -> None:
    """Waits for goready; the lock at ``unlock`` (if not 0) is released once the goroutine is parked."""
    g = machine.g
    g.status = WAITING
    g.reason = to_u32(reason)
    machine.wait_lock = unlock
    park(function_address(commit_park))


@inline
def park_waiting(g: G, reason: u32) -> None:
    """Parks the running goroutine ``g`` from a ``@goroutine`` function."""
    g.status = WAITING
    g.reason = reason
    park(function_address(commit_park))


@systemstack("runtime.goready")
def goready(g: G) -> None:
    """Makes a goroutine that waits or sleeps the next to run; does nothing to any other."""
    if g.status != WAITING:
        return
    if g.timer_index != 0:
        sleeper_remove(machine.processor.sleepers, g)
        g.param = 0
    make_ready(g)


@systemstack("tricolor.sleep_insert")
def sleep_insert(g: G, when: i64) -> None:
    """Notes that the goroutine is to be woken at that time."""
    sleeper_insert(machine.processor.sleepers, g, when)


@goroutine("runtime.gosleep")
def gosleep(unlock: addr, when: i64, reason: u8) -> bool:
    """Waits until nanotime() is ``when``, or for goready; True if the time came."""
    g = machine.g
    sleep_insert(g, when)
    g.status = WAITING
    g.reason = to_u32(reason)
    machine.wait_lock = unlock
    park(function_address(commit_park))
    return g.param != 0


@goroutine("runtime.goexit0")
def goexit0() -> None:
    """Ends the running goroutine at once; its deferred functions have been run."""
    park(function_address(commit_exit))


# --- Asking ---------------------------------------------------------------------------------------


@systemstack("runtime.gcount")
def gcount() -> i32:
    """Goroutines that exist, without the runtime's own."""
    return to_i32(scheduler.live)


@systemstack("runtime.gomaxprocs")
def gomaxprocs(count: i32) -> i32:
    """Sets GOMAXPROCS if ``count`` is above 0; gives the previous value. One thread runs goroutines in any case."""
    before = scheduler.processor_limit
    if count > 0:
        now = nanotime()
        scheduler.available_ns += (now - scheduler.available_since_ns) * to_i64(before)
        scheduler.available_since_ns = now
        scheduler.processor_limit = count
    return before
