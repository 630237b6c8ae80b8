"""Creates, queues, runs, parks, wakes and ends goroutines.

Goroutines that can run wait in the queue of the processor (``run_queue``), those that sleep until a point of time in a heap
(``sleepers``), all others in a queue of what they wait for. When a thread finds no goroutine to
run (``work``), it gives its processor up; if no thread is left that could make one run, the program is deadlocked.

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
    atomic_add,
    atomic_load,
    atomic_store,
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
    likely,
    load_u64,
    null,
    size_of,
    systemstack,
    to_addr,
    to_i32,
    to_u32,
    to_u64,
    u8,
    u64,
    unlikely,
)
from tricolor.runtime.allocator.marking import is_marking, marking
from tricolor.runtime.collector.barrier import shade
from tricolor.runtime.collector.cycle import background_slice
from tricolor.runtime.collector.cycles import cycles
from tricolor.runtime.lock_ranks import RANK_SCHEDULER
from tricolor.runtime.pointer_stores import store_go_pointer
from tricolor.runtime.records.goroutine import BUBBLE, DEAD, IN_CALL, LABELS, RUNNABLE, RUNNING, SCANNED, WAITING, G, change_status
from tricolor.runtime.records.machine import machine, unpin
from tricolor.runtime.records.process import counters, scheduler
from tricolor.runtime.records.processor import MOST_FREE_GOROUTINES, Processor
from tricolor.runtime.records.time_histogram import count_duration, ready_times
from tricolor.runtime.records.world import is_stopping
from tricolor.runtime.scheduler.bubbles import count_begun, count_ended, count_parked
from tricolor.runtime.scheduler.context import park, resume
from tricolor.runtime.scheduler.helpers import LIMITS_PERIOD_NS, limits_helper
from tricolor.runtime.scheduler.locked_threads import forget_thread, run_elsewhere, stay_with_goroutine
from tricolor.runtime.scheduler.machines import idle_processor_take, note_sleeper, processor_use, processor_wait
from tricolor.runtime.scheduler.preempt import MONITOR_NONE, start_monitor
from tricolor.runtime.scheduler.reasons import REASON_COROUTINE, REASON_NONE
from tricolor.runtime.scheduler.run_queue import enqueue, put_run_next, sample_ready, shared_put, shared_take, take_run_next
from tricolor.runtime.scheduler.saved_registers import go_on
from tricolor.runtime.scheduler.scan import shade_slots
from tricolor.runtime.scheduler.segments import segment_new
from tricolor.runtime.scheduler.sleepers import sleeper_insert, sleeper_remove
from tricolor.runtime.scheduler.stacks import MAIN_SEGMENT_BYTES, stack_prepare, stack_retire
from tricolor.runtime.scheduler.stops import out_of_memory
from tricolor.runtime.scheduler.waking import make_ready
from tricolor.runtime.scheduler.work import find_work, next_of, stop_here, wake_due
from tricolor.runtime.system.clock import nanotime
from tricolor.runtime.system.lock import Lock, acquire, parallel, release
from tricolor.runtime.system.memory import map_memory
from tricolor.runtime.system.seed import seed

G_SLAB_BYTES: Final = 64 * 1024
# Switches between two looks at the sleepers and the shared queue: a look at the clock takes 25 ns.
LOOK_EVERY: Final = 32
IDS_AT_ONCE: Final = 16


# --- The next to run -------------------------------------------------------------------------------


@kernel
def count_latency(p: Processor) -> None:
    """Counts how long the sampled goroutine, which is about to run, was runnable."""
    count_duration(ready_times, nanotime() - p.sampled_ns)
    p.sampled = null(G)


@kernel
def _take() -> G:
    """Takes the goroutine that the thread's processor runs next; waits until there is one."""
    if unlikely(is_stopping()):
        stop_here()
    p = machine.processor
    p.schedule_tick += 1
    if unlikely(p.collector_due != 0):
        p.collector_due = 0
        background_slice()
    g = null(G)
    if p.schedule_tick % LOOK_EVERY == 0:
        wake_due(p, p)
        g = shared_take(p)
    if is_null(g):
        g = next_of(p)
    return find_work() if is_null(g) else g


@kernel
def _take_for_thread() -> G:
    """As _take(), and obeys LockOSThread."""
    while True:
        if not is_null(machine.locked_g):
            g = stay_with_goroutine()
            if is_stopping():
                stop_here()
            return g
        g = _take()
        if g.locked_thread == 0:
            return g
        run_elsewhere(g)


@kernel
def schedule() -> NoReturn:
    """Runs the next goroutine."""
    g = null(G)
    if likely(is_null(machine.locked_g)):
        g = _take()
        if unlikely(g.locked_thread != 0):
            run_elsewhere(g)
            g = _take_for_thread()
    else:
        g = _take_for_thread()
    if unlikely(g is machine.processor.sampled):
        count_latency(machine.processor)
    change_status(g, RUNNABLE, RUNNING)
    if unlikely(g.interrupted != 0):
        if is_marking.value != 0 and g.interrupted_cycle != to_u32(cycles.count + 1):
            shade_slots(g)
        go_on(g)
    resume(g)


@export("tricolor.return_from_call")
def return_from_call(g: G) -> NoReturn:
    """The goroutine's system call has ended, but another thread has taken its processor."""
    machine.processor = null(Processor)
    change_status(g, IN_CALL, RUNNABLE)
    acquire(scheduler.lock, RANK_SCHEDULER)
    p = idle_processor_take()
    if is_null(p):
        shared_put(g)
        release(scheduler.lock)
        if is_null(machine.locked_g):
            processor_wait()
        schedule()
    release(scheduler.lock)
    processor_use(p)
    put_run_next(p, g)
    schedule()


# --- What park calls on the system stack ----------------------------------------------------------


@kernel
def _release_wait_lock() -> None:
    """Releases what the goroutine that is parked holds."""
    if machine.wait_lock != 0:
        release(as_struct(Lock, machine.wait_lock))
        machine.wait_lock = 0
        unpin()
    check(2, machine.locks == 0, "commit_park: the goroutine holds a lock or is pinned")


@export("tricolor.commit_park")
def commit_park(g: G) -> NoReturn:
    """The goroutine waits; its lock may be released from here on, and others may scan or wake it."""
    bubble = g.words[BUBBLE]
    reason = g.reason
    atomic_store(g.status, WAITING, "release")
    _release_wait_lock()
    if unlikely(bubble != 0):
        count_parked(bubble, reason)
    schedule()


@export("tricolor.commit_sleep")
def commit_sleep(g: G) -> NoReturn:
    """As commit_park(), for a goroutine that also sleeps until ``wake_time``."""
    when = g.wake_time
    atomic_store(g.status, WAITING, "release")
    sleeper_insert(machine.processor, g, when)
    if parallel.value != 0 and atomic_load(scheduler.idle_processor_count, "relaxed") != 0:
        note_sleeper(when)
    _release_wait_lock()
    schedule()


@kernel(symbol_name="tricolor.commit_yield")
def commit_yield(g: G) -> NoReturn:
    """Puts the goroutine at the end of the queue, after the one that would have run next."""
    check(2, machine.locks == 0, "commit_yield: the goroutine holds a lock or is pinned")
    p = machine.processor
    atomic_store(g.status, RUNNABLE, "release")
    sample_ready(p, g)
    if p.preempt != 0:
        p.preempt = 0
        # The monitor may have asked for the sake of a sleeper.
        wake_due(p, p)
    following = take_run_next(p)
    if not is_null(following):
        enqueue(p, following)
    enqueue(p, g)
    schedule()


@kernel(symbol_name="tricolor.commit_exit")
def commit_exit(g: G) -> NoReturn:
    """The goroutine has ended."""
    check(2, machine.locks == 0, "commit_exit: the goroutine holds a lock or is pinned")
    if g.locked_thread != 0:
        forget_thread(g)
    if unlikely(g.words[BUBBLE] != 0):
        count_ended(g)
    # Nobody scans a goroutine that runs.
    atomic_store(g.status, DEAD, "release")
    if g.system == 0:
        _count_live(-1)
    else:
        scheduler.system_live -= 1
    if g.id == 1:
        scheduler.main_ended = 1
    g.words[0] = 0
    g.words[1] = 0
    g.words[2] = 0
    g.words[LABELS] = 0
    g.words[BUBBLE] = 0
    g.param = 0
    g.panics_on_fault = 0
    stack_retire(g)
    free_g_put(machine.processor, g)
    machine.g = null(G)
    schedule()


# --- Making goroutines ----------------------------------------------------------------------------


@kernel
def _count_live(change: i64) -> None:
    """Counts a goroutine that begins or ends."""
    if parallel.value == 0:
        scheduler.live += to_u64(change)
    else:
        atomic_add(scheduler.live, to_u64(change), "relaxed")


@kernel
def free_g_put(p: Processor, g: G) -> None:
    """Keeps a dead goroutine for use again; moves half of the processor's to all others if it has many."""
    g.link = p.free_goroutines
    p.free_goroutines = g
    p.free_goroutine_count += 1
    if p.free_goroutine_count < MOST_FREE_GOROUTINES or parallel.value == 0:
        return
    acquire(scheduler.lock, RANK_SCHEDULER)
    while p.free_goroutine_count > MOST_FREE_GOROUTINES // 2:
        moved = p.free_goroutines
        p.free_goroutines = moved.link
        p.free_goroutine_count -= 1
        moved.link = scheduler.free_goroutines
        scheduler.free_goroutines = moved
    release(scheduler.lock)


@kernel
def free_g_take(p: Processor) -> G:
    """A dead goroutine; null if there is none."""
    if is_null(p.free_goroutines) and not is_null(atomic_load(scheduler.free_goroutines, "relaxed")):
        acquire(scheduler.lock, RANK_SCHEDULER)
        while not is_null(scheduler.free_goroutines) and p.free_goroutine_count < MOST_FREE_GOROUTINES // 2:
            moved = scheduler.free_goroutines
            scheduler.free_goroutines = moved.link
            moved.link = p.free_goroutines
            p.free_goroutines = moved
            p.free_goroutine_count += 1
        release(scheduler.lock)
    g = p.free_goroutines
    if not is_null(g):
        p.free_goroutines = g.link
        p.free_goroutine_count -= 1
    return g


@kernel
def _g_from_slab() -> G:
    """The record of a new goroutine, which is in no list. The caller holds the lock."""
    if scheduler.goroutine_slab == scheduler.goroutine_slab_end:
        scheduler.goroutine_slab = map_memory(G_SLAB_BYTES)
        if scheduler.goroutine_slab == 0:
            out_of_memory()
        scheduler.goroutine_slab_end = scheduler.goroutine_slab + G_SLAB_BYTES // size_of(G) * size_of(G)
    g = as_struct(G, scheduler.goroutine_slab)
    scheduler.goroutine_slab = scheduler.goroutine_slab + size_of(G)
    return g


@kernel
def _new_g(p: Processor) -> G:
    """A goroutine that is dead. The collector may visit it from here on."""
    g = free_g_take(p)
    if not is_null(g):
        return g
    acquire(scheduler.lock, RANK_SCHEDULER)
    g = _g_from_slab()
    g.status = DEAD
    if is_null(scheduler.all_goroutines):
        scheduler.all_goroutines = g
        g.first_segment = segment_new(MAIN_SEGMENT_BYTES)
    else:
        atomic_store(scheduler.all_last.all_link, g, "release")
    scheduler.all_last = g
    release(scheduler.lock)
    return g


@kernel
def _next_id(p: Processor) -> u64:
    """A number for a new goroutine. Processors take several at once."""
    if p.next_id == p.last_id:
        p.next_id = atomic_add(scheduler.last_id, IDS_AT_ONCE, "relaxed")
        p.last_id = p.next_id + IDS_AT_ONCE
    p.next_id += 1
    return p.next_id


@kernel
def _note_parent(g: G) -> None:
    """Notes who makes the goroutine, and takes over its labels."""
    parent = machine.g
    g.parent_id = 0
    g.creator_pc = 0
    if not is_null(parent):
        g.parent_id = parent.id
        store_go_pointer(field_address(g.words[LABELS]), parent.words[LABELS])
        # The thunk's frame: above the saved frame pointer is the address in the function that says "go".
        g.creator_pc = load_u64(machine.goroutine_fp + 8)


@kernel
def create(closure: addr, system: bool, reason: u8) -> G:
    """A goroutine that will call the closure; its state is WAITING, for a reason that is 0 if it is made ready at once."""
    p = machine.processor
    g = _new_g(p)
    stack_prepare(g, closure)
    # The closure moves to a stack that the collector may regard as scanned.
    if unlikely(marking.value != 0):
        shade(to_addr(0), closure)
    g.id = _next_id(p)
    g.reason = reason
    g.system = 1 if system else 0
    p.created += 1
    if system:
        scheduler.system_live += 1
    else:
        _count_live(1)
        counters.goroutines_peak = max(counters.goroutines_peak, scheduler.live)
    _note_parent(g)
    if not system and not is_null(machine.g) and unlikely(machine.g.words[BUBBLE] != 0):
        store_go_pointer(field_address(g.words[BUBBLE]), machine.g.words[BUBBLE])
        count_begun(g)
    change_status(g, DEAD, WAITING)
    return g


@systemstack("runtime.setlimitshelper")
def set_limits_helper(closure: addr) -> None:
    """Takes the code of the helper that looks at the limits for GOMAXPROCS: a closure that is a constant of the program."""
    limits_helper.closure = closure


@kernel
def _make_limits_helper() -> None:
    """It waits for its first time: a goroutine that only just began would come before that of the program."""
    if limits_helper.closure == 0:
        return
    limits_helper.g = create(limits_helper.closure, True, REASON_NONE)
    limits_helper.due_ns = nanotime() + LIMITS_PERIOD_NS
    atomic_store(limits_helper.is_parked, 1, "release")


@kernel
def monitor_needed() -> None:
    """Starts the monitor thread, for there is more than one goroutine."""
    if scheduler.monitor_state == MONITOR_NONE and seed.on == 0:
        start_monitor()
        _make_limits_helper()


@systemstack("runtime.newproc")
def newproc(closure: addr) -> None:
    """``go closure()``."""
    make_ready(create(closure, False, REASON_NONE))
    monitor_needed()


@systemstack("runtime.newsystemproc")
def newsystemproc(closure: addr) -> None:
    """As newproc, for a goroutine of the runtime: it is not counted, and traces do not show it."""
    make_ready(create(closure, True, REASON_NONE))
    monitor_needed()


@systemstack("runtime.newparkedproc")
def newparkedproc(closure: addr) -> G:
    """A goroutine that runs once goready is called for it: a half of a coroutine, or the first goroutine of a bubble."""
    return create(closure, False, REASON_COROUTINE)


# --- Waiting and waking ---------------------------------------------------------------------------


@goroutine("runtime.gopark")
def gopark(unlock: addr, reason: u8) -> None:
    """Waits for goready; the lock at ``unlock`` (if not 0) is released once the goroutine is parked."""
    machine.g.reason = reason
    machine.wait_lock = unlock
    park(function_address(commit_park))


@inline
def park_waiting(g: G, reason: u8) -> None:
    """Parks the running goroutine ``g`` from a ``@goroutine`` function."""
    g.reason = reason
    park(function_address(commit_park))


@systemstack("runtime.goready")
def goready(g: G) -> None:
    """Makes a goroutine that waits or sleeps the next to run; does nothing to one whose sleep has ended.

    The caller knows that the goroutine waits, or holds the lock that it acquires after its sleep. So if it is in no heap of sleepers, its
    state does not become WAITING meanwhile. Whether a sleep ends by this or by time is decided under the lock of the heap.
    """
    sleeps_on = as_struct(Processor, atomic_load(g.timer_processor, "acquire"))
    if is_null(sleeps_on):
        if atomic_load(g.status, "acquire") & ~SCANNED != WAITING:
            return
    else:
        if not sleeper_remove(sleeps_on, g):
            return
        g.param = 0
    make_ready(g)


@goroutine("runtime.gosleep")
def gosleep(unlock: addr, when: i64, reason: u8) -> bool:
    """Waits until nanotime() is ``when``, or for goready; True if the time came."""
    g = machine.g
    g.wake_time = when
    g.reason = reason
    machine.wait_lock = unlock
    park(function_address(commit_sleep))
    g.timer_processor = 0
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
