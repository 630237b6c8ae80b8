"""The cycles of our collector: marking beside the program, in slices between which goroutines run.

Phases::

    1. stop        finish the sweep, flush the mcaches, set ``marking``: from here on the write barrier shades, and objects
                   are allocated black
    2. mark        push the roots and mark what they reach, in slices: globals, specials, one goroutine after the other
    3. terminate   once nothing is left to mark: flush the mcaches, treat the specials of dead objects, clear ``marking``,
                   make the marks the allocation bits, set goal and trigger of the next cycle
    4. sweep       visit the spans, a few at a time

Who marks:
    assists      allocations pay for themselves (``pacing`` says how much)
    share        the scheduler, when the monitor thread has asked for a slice, and the goroutine that called runtime.GC
    idle         the scheduler, while no goroutine can run

A slice is at most SLICE_NS long, so that no goroutine waits longer for the processor. If the first slice marks everything, the
cycle is over before the program goes on: small heaps are collected in one short stop.

Why that is right: whatever an unscanned goroutine, a global or an object held when marking began, or was stored or overwritten since,
is shaded; a goroutine that was scanned can only get pointers that are shaded or reachable from a slot that no store has
overwritten. (Go's proposal 17503 has the proof.)

Invariants:
    1. When marking ends, every object that a marked object or a root points to MUST be marked. Otherwise a live object would be
       freed. Checked by check_marks().
    2. Marking MUST begin and end with flushed mcaches. Otherwise objects would be allocated white, or free memory
       would stay marked. Checked by check_all_dropped() and check_heap().

Source:
    Go 1.27.3 runtime/mgc.go; proposal 17503 (hybrid write barrier).

Differs from Go:
    A slice of marking runs between goroutines, on the system stack of the thread that runs them; no goroutine of the runtime marks.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    atomic_add,
    atomic_exchange,
    call_address,
    check,
    global_value,
    i64,
    kernel,
    systemstack,
    text,
    to_i64,
    to_u64,
    u64,
    unlikely,
)
from tricolor.runtime.allocator.accounting import note_collection
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.marking import is_marking
from tricolor.runtime.allocator.mcentral import init_layouts
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.sizes import DRAIN_STEP
from tricolor.runtime.collector.barrier import begin_shading, end_shading, flush_barrier_buffers
from tricolor.runtime.collector.checkmark import check_marks
from tricolor.runtime.collector.cycles import PAUSE_RING, cycles, start_hook
from tricolor.runtime.collector.gctrace import print_gctrace
from tricolor.runtime.collector.pacer import SLICE_NS, is_short
from tricolor.runtime.collector.pacing import (
    begin_pacing,
    count_globals,
    count_slice,
    end_pacing,
    limiter,
    pacer,
    resume_pacing,
    revise_pacing,
    set_goal_after,
)
from tricolor.runtime.collector.roots import begin_roots
from tricolor.runtime.collector.samples import check_samples, end_profile_cycle
from tricolor.runtime.collector.scavenger import note_swept
from tricolor.runtime.collector.slices import MORE_LEFT, NOTHING_LEFT, OTHERS_MARK, mark_until
from tricolor.runtime.collector.specials import (
    call_queue_hook,
    check_specials,
    mark_queued_roots,
    process_specials,
)
from tricolor.runtime.collector.sweep import begin_sweep, check_heap, finish_sweep, sweep_some
from tricolor.runtime.collector.work import check_no_work, enter_slice, keep_newest, leave_slice, marked_bytes, own_work
from tricolor.runtime.collector.workers import WORKER_ASSIST, WORKER_IDLE, WORKER_SHARE, assist_work, paid_bytes, take_credit
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.records.processor import drop_all_spans, flush_mcaches
from tricolor.runtime.records.stack_sizes import adapt_starting_size
from tricolor.runtime.records.time_histogram import count_duration, pause_times
from tricolor.runtime.records.world import start_world, try_stop_world
from tricolor.runtime.settings_keys import CHECKMARK, GCTRACE, MARK_STEP, STOP_THE_WORLD, STRESS, TRACE_ALLOCATIONS
from tricolor.runtime.system.clock import nanotime, wall_ns
from tricolor.runtime.system.lock import parallel
from tricolor.runtime.system.output import put

NO_DEADLINE = 0x7FFF_FFFF_FFFF_FFFF
ASSIST_NS = 12_000
"""How long an allocation marks at most; it owes the rest. More means longer operations of the program, less means more looks at the clock."""
DEBT_BYTES = 64 << 10
"""For each such part of the debt an allocation marks ASSIST_NS longer, up to SLICE_NS: more lets the heap outgrow its goal."""
ASSIST_STEP = 64
"""Addresses between two looks at the clock of an assist: where all memory is far away, some 10 us. The prefetch queues make fewer dear."""
MARK_IN_STOP_NS = 100_000
"""How long marking goes on while the world is stopped to end it. If that is not enough, the program runs on before the next try."""
SPANS_PER_STEP = 64
SPANS_IN_STOP = 1024
"""That many spans are swept in the stop that ends a cycle: some 30 us."""
# Allocations since the last cycle that STRESS started.
stress_countdown = global_value(u64)


# --- Stop -------------------------------------------------------------------------------------------


@kernel
def may_collect() -> bool:
    """Whether the calling thread may mark, and begin or end a cycle: others must not have to wait for it.

    Who holds a lock of package runtime, or is pinned, goes on until it has freed it.
    """
    return machine.locks == 0


@kernel
def try_start_cycle(forced: bool) -> bool:
    """Stops the world and begins to mark; False if another thread stops it, or has begun a cycle. start_world() must follow."""
    if mheap.layout_count == 0:
        init_layouts()
    finish_sweep()
    begin_ns = nanotime()
    if not try_stop_world():
        return False
    if is_marking.value != 0:
        start_world()
        return False
    start_cycle(forced, begin_ns)
    return True


@kernel
def start_cycle(forced: bool, begin_ns: i64) -> None:
    """Begins to mark. The world is stopped since ``begin_ns``."""
    # 1. Stop.
    check(1, is_marking.value == 0, "start_cycle: the collector marks already")
    cycles.begin_ns = begin_ns
    finish_sweep()
    note_swept()
    check(1, mheap.unswept == 0, "start_cycle: spans are not swept")
    cycles.is_forced = 1 if forced else 0
    cycles.is_stopped = 1
    if unlikely(settings[TRACE_ALLOCATIONS] != 0):
        note_collection()
    flush_mcaches()
    flush_barrier_buffers()
    cycles.heap_at_start = mheap.live
    cycles.peak_pages = max(cycles.peak_pages, mheap.pages_in_use)
    if start_hook.value != 0:
        call_address(start_hook.value, (), None)
    mheap.black_bytes = 0
    begin_roots()
    begin_shading()
    mark_queued_roots()
    cycles.charged_live = mheap.live
    cycles.assist_balance = 0
    cycles.mark_start_ns = nanotime()
    begin_pacing(cycles.mark_start_ns, cycles.begin_ns, settings[STOP_THE_WORLD] != 0)
    resume_pacing(cycles.mark_start_ns)


@kernel
def release_world() -> None:
    """Lets the program go on."""
    if is_marking.value != 0 and parallel.value != 0:
        cycles.is_stopped = 0
    start_world()


# --- Mark -------------------------------------------------------------------------------------------


@kernel
def run_slice(worker: u64, deadline: i64, budget: u64, alone: bool) -> u64:
    """Marks for a while, as one of the WORKER kinds; says how the slice has ended."""
    # 2. Mark.
    w = own_work()
    begin = nanotime()
    enter_slice(w)
    scanned = w.scanned_bytes
    stacks = w.stack_bytes
    outcome = mark_until(w, ASSIST_STEP if worker == WORKER_ASSIST else DRAIN_STEP, deadline, budget, alone)
    if parallel.value != 0:
        keep_newest(w, 0)
    count_slice(worker, w.scanned_bytes - scanned, w.stack_bytes - stacks, to_u64(nanotime() - begin))
    leave_slice(w)
    return outcome


@kernel
def mark_slice(worker: u64, deadline: i64, budget: u64) -> u64:
    """As run_slice() while the program may run, and ends the cycle if nothing is left to mark.

    With OTHERS_MARK the caller has to go back to the scheduler, or another thread could not stop the world.
    """
    outcome = run_slice(worker, deadline, budget, parallel.value == 0)
    if outcome == NOTHING_LEFT:
        return end_marking()
    cycles.is_stopped = 0
    return outcome


@kernel
def mark_stopped(worker: u64, deadline: i64) -> bool:
    """As mark_slice(), while the world is stopped; True if the cycle has ended."""
    if run_slice(worker, deadline, ~0, True) != NOTHING_LEFT:
        return False
    terminate()
    cycles.is_stopped = 0
    return True


@kernel
def end_marking() -> u64:
    """Stops the world, marks what is found only then, and ends the cycle unless that takes long; says how it has ended."""
    begin_ns = nanotime()
    if not try_stop_world():
        return OTHERS_MARK
    is_done = is_marking.value == 0
    if not is_done:
        cycles.mark_end_ns = begin_ns
        is_done = mark_stopped(WORKER_SHARE, begin_ns + MARK_IN_STOP_NS)
    start_world()
    if not is_done:
        return MORE_LEFT
    call_queue_hook()
    return NOTHING_LEFT


# --- Terminate --------------------------------------------------------------------------------------


@kernel
def terminate() -> None:
    """Ends marking: what has no mark is free from here on. The world is stopped since ``mark_end_ns``."""
    # 3. Terminate.
    check_no_work()
    if cycles.is_stopped != 0:
        cycles.mark_end_ns = nanotime()
    flush_mcaches()
    cycles.heap_at_end = mheap.live
    count_globals()
    end_pacing(cycles.mark_end_ns, cycles.mark_end_ns)
    if unlikely(settings[CHECKMARK] != 0):
        check_marks(cycles.is_stopped != 0)
    process_specials()
    end_profile_cycle()
    adapt_starting_size()
    end_shading()
    drop_all_spans()
    begin_sweep(marked_bytes() + mheap.black_bytes)
    cycles.marked = mheap.live
    if mheap.unswept <= SPANS_IN_STOP:
        finish_sweep()
    set_goal_after(mheap.live, mheap.unswept == 0)
    cycles.end_ns = nanotime()
    resume_pacing(cycles.end_ns)
    count_cycle()
    check_after_cycle()


@kernel
def count_cycle() -> None:
    """Adds the cycle to the statistics. Both stops of a cycle count as one pause; of a cycle in one stop, all of it."""
    stops = to_u64(cycles.end_ns - cycles.mark_end_ns + (cycles.mark_start_ns - cycles.begin_ns))
    pause = stops if cycles.is_stopped == 0 else to_u64(cycles.end_ns - cycles.begin_ns)
    place = cycles.count % PAUSE_RING
    cycles.last_end_wall_ns = to_u64(wall_ns())
    cycles.pauses_ns[place] = pause
    cycles.pause_ends_wall_ns[place] = cycles.last_end_wall_ns
    cycles.pause_total_ns += pause
    cycles.stop_ns += stops
    cycles.pause_cpu_ns += stops * to_u64(scheduler.processor_count)
    count_duration(pause_times, to_i64(pause))
    cycles.assist_ns += pacer.assist_ns
    cycles.worker_ns += pacer.share_ns
    cycles.idle_worker_ns += pacer.idle_ns
    cycles.count += 1
    cycles.forced += cycles.is_forced


@kernel
def check_after_cycle() -> None:
    """The gctrace line and the checks of a cycle that has ended."""
    if unlikely(settings[GCTRACE] != 0):
        print_gctrace()
    if unlikely(settings[CHECKMARK] != 0):
        check_heap()
        check_specials()
        check_samples()


# --- Sweep ------------------------------------------------------------------------------------------


@kernel
def sweep_step() -> bool:
    """Sweeps some spans; False if none were left."""
    # 4. Sweep.
    if sweep_some(SPANS_PER_STEP):
        return True
    note_swept()
    return False


@kernel
def sweep_until(deadline: i64) -> bool:
    """Sweeps until nothing is left, or the time is over; False if nothing was left at the beginning."""
    if not sweep_step():
        return False
    while nanotime() < deadline and sweep_step():
        pass
    return True


# --- Whole cycles -----------------------------------------------------------------------------------


@kernel
def finish_cycle() -> None:
    """Ends the cycle that is under way, if there is one. The world is stopped."""
    while is_marking.value != 0:
        cycles.mark_end_ns = nanotime()
        mark_stopped(WORKER_SHARE, NO_DEADLINE)


@kernel
def collect(forced: bool) -> bool:
    """Runs one cycle while the world is stopped, and sweeps; False if another thread stops the world."""
    begin_ns = nanotime()
    if not may_collect() or not try_stop_world():
        return False
    finish_cycle()
    finish_sweep()
    start_cycle(forced, begin_ns)
    finish_cycle()
    while sweep_step():
        pass
    start_world()
    call_queue_hook()
    return True


# --- Assists ----------------------------------------------------------------------------------------


@kernel
def assist_time(debt: i64) -> i64:
    """How long an allocation marks at most when the program owes that many bytes."""
    return min(ASSIST_NS * (1 + debt // DEBT_BYTES), SLICE_NS)


@kernel
def assist() -> None:
    """Pays for what the program has allocated since the last call: with what workers have marked, or by marking for a short time.

    What is not paid stays in the balance, for the next call.
    """
    if settings[MARK_STEP] != 0:
        mark_slice(WORKER_ASSIST, NO_DEADLINE, 0)
        return
    now = nanotime()
    revise_pacing(now)
    live = mheap.live
    grown = to_i64(live - atomic_exchange(cycles.charged_live, live, "relaxed"))
    balance = atomic_add(cycles.assist_balance, -grown, "relaxed") - grown
    if balance >= 0 or limiter.limiting != 0:
        return
    # Others do not pay this debt a second time.
    atomic_add(cycles.assist_balance, -balance, "relaxed")
    owed = assist_work(pacer, to_u64(-balance))
    paid = take_credit(pacer, owed)
    if paid < owed:
        w = own_work()
        before = w.scanned_bytes + w.stack_bytes
        mark_slice(WORKER_ASSIST, now + assist_time(-balance), owed - paid)
        paid += w.scanned_bytes + w.stack_bytes - before
    atomic_add(cycles.assist_balance, paid_bytes(pacer, paid) + balance, "relaxed")


# --- Who calls --------------------------------------------------------------------------------------


@kernel
def collect_if_due(extra_bytes: u64) -> None:
    """Called before an allocation of a run or a large object: begins a cycle, or pays in marking for what was allocated before."""
    if unlikely(is_marking.value != 0):
        if may_collect():
            assist()
    elif unlikely(mheap.live + extra_bytes >= mheap.trigger) and mheap.trigger != 0:
        begin_automatic()
    elif unlikely(settings[STRESS] != 0):
        stress_countdown.value += 1
        if stress_countdown.value >= to_u64(settings[STRESS]):
            stress_countdown.value = 0
            collect(False)
    elif unlikely(settings[MARK_STEP] != 0) and may_collect() and try_start_cycle(False):
        cycles.is_stopped = 0
        release_world()


@kernel
def begin_automatic() -> None:
    """Begins a cycle since the heap has reached the trigger. If there is one processor or little to mark, the first slice belongs to the stop."""
    if not may_collect() or not try_start_cycle(False):
        return
    if unlikely(settings[STOP_THE_WORLD] != 0):
        finish_cycle()
        while settings[STOP_THE_WORLD] > 1 and sweep_step():
            pass
    elif parallel.value == 0 or is_short(pacer):
        mark_stopped(WORKER_SHARE, cycles.begin_ns + SLICE_NS)
        cycles.is_stopped = 0
    release_world()
    if is_marking.value == 0:
        call_queue_hook()


@systemstack("tricolor.begin_periodic")
def begin_periodic() -> None:
    """Begins a cycle since there was none for long. Slices of the processors, idle or not, mark."""
    if is_marking.value != 0 or not try_start_cycle(False):
        return
    if unlikely(settings[GCTRACE] != 0):
        put(*text("GC forced\n"))
    release_world()


@kernel
def background_slice() -> None:
    """What the scheduler does when the monitor thread has asked for it: marks or sweeps for a slice."""
    deadline = nanotime() + SLICE_NS
    if is_marking.value != 0:
        mark_slice(WORKER_SHARE, deadline, ~0)
    else:
        sweep_until(deadline)


@kernel
def idle_slice() -> bool:
    """What the scheduler does while no goroutine can run; False if there is nothing to do."""
    deadline = nanotime() + SLICE_NS
    if is_marking.value == 0:
        return sweep_until(deadline)
    return mark_slice(WORKER_IDLE, deadline, ~0) != OTHERS_MARK


@kernel
def collect_for_memory() -> bool:
    """Collects because the arena is full; False if that is not possible now."""
    return collect(True)


@systemstack("runtime.gcnext")
def gc_next() -> u64:
    """The number of the first cycle that begins after this call."""
    return cycles.count + 1 + (1 if is_marking.value != 0 else 0)


@systemstack("runtime.gcstep")
def gc_step(number: u64) -> bool:
    """A slice of runtime.GC: works towards the end of that cycle and of its sweep; True once both are done."""
    deadline = nanotime() + SLICE_NS
    while True:
        if is_marking.value != 0:
            if mark_slice(WORKER_SHARE, deadline, ~0) == OTHERS_MARK:
                return False
        elif cycles.count < number:
            if not try_start_cycle(True):
                return False
            release_world()
        elif not sweep_until(deadline):
            return True
        if nanotime() >= deadline:
            return False
