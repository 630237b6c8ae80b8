"""Pacer: when the next cycle begins, how much the program may allocate until it ends, and how much mutators help.

Terms:
    goal        heap size at which the cycle should end
    trigger     heap size at which it begins
    runway      bytes that the program is expected to allocate while the collector marks
    cons/mark   bytes that the program allocates for each byte that the collector scans, both per CPU time
    assist      mark work by a goroutine that allocates; the assist ratio is scan work for each allocated byte
    scan work   bytes scanned; noscan objects count nothing
    short cycle one whose expected mark work fits one slice of ``slice_ns``

Units: bytes, nanoseconds; ratios and shares are f64.

How: all state is in a Pacer, and nothing here reads the heap or a clock, so that tests run whole programs in simulated time. ``pacing``
feeds the pacer of the process. Formulas (M heap_marked, H, S, G last scans of heap and stacks, globals; g GOGC; L heap_live,
T triggered, P processors)::

    heap minimum   4 MiB * g / 100
    goal by GOGC   max(M + (M + S + G) * g / 100, heap minimum)                        no limit if g < 0
    goal by limit  limit - (non-heap + overage), less 3 % (at least 1 MiB), at least M
    goal           the lesser one; if that is GOGC's, at least T + 64 KiB, and 1 MiB above the heap that is not swept yet
    runway         cons/mark * (1 - u) / u * (H + S + G)                               with u = 0.25
    trigger        goal - runway, between 45/64 and 61/64 of the way from M to the goal; up to goal - 4 MiB if that is more
    assist ratio   remaining scan work / (goal - L)
    cons/mark      the largest of this cycle's and the last four: (L - T) * (u + idle share) / (scan work * (1 - u)),
                   with u = 0.25 + assist time / (duration * P)

Invariants:
    1. The trigger MUST NOT exceed the goal. Otherwise a cycle would begin with its runway used up.
       Checked by find_trigger().
    2. start_cycle(), revise(), end_cycle(), reset_live() and commit() MUST be called in this order. Otherwise cons/mark would
       mix two cycles. Checked by check_started().

Source:
    Go 1.27.3 runtime/mgcpacer.go; Knyszek, "GC pacer redesign" (Go proposal 44167).

Differs from Go:
    If the next cycle is expected to be short, the trigger is the goal: it then is one short stop and needs no runway.
    A measured share of the collector of over 0.999 counts as 0.999: with one processor, assists can take all time.
    Bytes of spans in use count as heap, not as overhead, for the goal by limit: their free elements serve new objects.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import Array, Struct, check, f64, i64, kernel, to_f64, to_i64, to_u64, u64
from tricolor.runtime.allocator.sizes import HEAP_MINIMUM_BYTES

BACKGROUND_SHARE: Final = 0.25
"""Share of the processors that workers take while marking. More means shorter cycles and slower programs meanwhile."""
GOAL_SHARE: Final = BACKGROUND_SHARE
SLICE_NS: Final = 500_000
"""The longest piece of mark work for which a processor leaves the program. More means longer waits, less means more switches."""
LIMIT_HEADROOM_BYTES: Final = 1 << 20
LIMIT_HEADROOM_PERCENT: Final = 3
LEAST_GOAL_BYTES: Final = 64 << 10
"""The goal lies at least this far above the point where the cycle began."""
SWEEP_DISTANCE_BYTES: Final = 1 << 20
TRIGGER_PARTS: Final = 64
LEAST_TRIGGER_PARTS: Final = 45
MOST_TRIGGER_PARTS: Final = 61
LEAST_WORK_BYTES: Final = 1000
"""Scan work that is assumed to remain at least: estimates miss by a little."""
OVERSHOOT: Final = 1.1
FORCED_PERCENT: Final = 100_000
"""GOGC of a forced cycle while GOGC is off."""
MOST_SHARE: Final = 0.999
LAST_CYCLES: Final = 4
NO_GOAL: Final = 0xFFFF_FFFF_FFFF_FFFF
MOST_BYTES: Final = 0x7FFF_FFFF_FFFF_FFFF


class Pacer(Struct):
    """The state of a pacer; zero is a pacer that has seen no cycle. Call set_percent() and commit() first."""

    # Settings.
    gc_percent: i64
    """GOGC; -1: off."""
    memory_limit: u64
    heap_minimum: u64
    slice_ns: u64
    """Mark work that counts as short; 0: no cycle is short."""
    # What the heap is like.
    heap_live: u64
    heap_scan: u64
    """Bytes of the live heap that may hold pointers, at most; fixed while marking."""
    heap_free: u64
    """Free pages that the process holds."""
    heap_alloc: u64
    """Bytes of spans in use."""
    mapped_ready: u64
    """All memory that the process holds."""
    max_stack_scan: u64
    """Bytes of stacks, used or not."""
    globals_scan: u64
    # The last cycle.
    heap_marked: u64
    last_heap_scan: u64
    last_stack_scan: u64
    last_heap_goal: u64
    last_cons_mark: Array[f64, LAST_CYCLES]
    """Newest last."""
    cons_mark: f64
    mark_rate: f64
    """Bytes of scan work per nanosecond of mark work; 0: not known."""
    # Derived by commit().
    gc_percent_heap_goal: u64
    runway: u64
    sweep_dist_min_trigger: u64
    # The running cycle.
    triggered: u64
    """heap_live when it began; 0 while none runs."""
    mark_start_ns: i64
    heap_scan_work: u64
    stack_scan_work: u64
    globals_scan_work: u64
    assist_ns: u64
    share_ns: u64
    idle_ns: u64
    assist_work_per_byte: f64
    assist_bytes_per_work: f64
    assist_runway: u64
    """Bytes that the program may still allocate before it reaches the goal."""
    bg_scan_credit: i64
    """Scan work that workers have done and no assist has used."""
    dedicated_workers_needed: i64
    fractional_share: f64
    """Share of its time that each processor without a dedicated worker gives to workers."""


# --- Goals ----------------------------------------------------------------------------------------


@kernel
def set_percent(p: Pacer, percent: i64) -> None:
    """Sets GOGC; commit() must follow."""
    p.gc_percent = max(percent, -1)
    p.heap_minimum = 0 if percent < 0 else HEAP_MINIMUM_BYTES * to_u64(percent) // 100


@kernel
def percent_goal(p: Pacer) -> u64:
    """Heap goal by GOGC."""
    if p.gc_percent < 0:
        return NO_GOAL
    extra = (p.heap_marked + p.last_stack_scan + p.globals_scan) * to_u64(p.gc_percent) // 100
    return max(p.heap_marked + extra, p.heap_minimum)


@kernel
def limit_goal(p: Pacer) -> u64:
    """Heap goal by the memory limit."""
    non_heap = p.mapped_ready - min(p.mapped_ready, p.heap_free + p.heap_alloc)
    overage = p.mapped_ready - p.memory_limit if p.mapped_ready > p.memory_limit else 0
    if non_heap + overage >= p.memory_limit:
        return p.heap_marked
    goal = p.memory_limit - (non_heap + overage)
    headroom = max(goal // 100 * LIMIT_HEADROOM_PERCENT, LIMIT_HEADROOM_BYTES)
    goal = headroom if goal < headroom or goal - headroom < headroom else goal - headroom
    return max(goal, p.heap_marked)


@kernel
def find_goal(p: Pacer) -> tuple[u64, u64]:
    """The heap goal, and a lower bound of the trigger."""
    goal = p.gc_percent_heap_goal
    by_limit = limit_goal(p)
    # What moves the goal up would break the limit: it applies to GOGC's goal only.
    if by_limit < goal:
        return by_limit, 0
    goal = max(goal, p.sweep_dist_min_trigger)
    if p.triggered != 0:
        goal = max(goal, p.triggered + LEAST_GOAL_BYTES)
    return goal, p.sweep_dist_min_trigger


@kernel
def heap_goal(p: Pacer) -> u64:
    """The heap goal."""
    goal, _bound = find_goal(p)
    return goal


@kernel
def is_limited(p: Pacer) -> bool:
    """Whether the memory limit sets the goal."""
    return limit_goal(p) < p.gc_percent_heap_goal


@kernel
def find_trigger(p: Pacer) -> tuple[u64, u64]:
    """The heap size at which the next cycle begins, and its goal."""
    goal, bound = find_goal(p)
    if p.heap_marked >= goal or is_short(p):
        return goal, goal
    distance = (goal - p.heap_marked) // TRIGGER_PARTS
    # An earlier trigger would have the program allocate black most of the time, and its heap grow.
    least = max(bound, distance * LEAST_TRIGGER_PARTS + p.heap_marked)
    most = distance * MOST_TRIGGER_PARTS + p.heap_marked
    if goal > HEAP_MINIMUM_BYTES:
        most = max(most, goal - HEAP_MINIMUM_BYTES)
    most = max(most, least)
    wanted = least if p.runway > goal else goal - p.runway
    trigger = min(max(wanted, least), most)
    check(1, trigger <= goal, "find_trigger: the trigger exceeds the goal")
    return trigger, goal


@kernel
def expected_work(p: Pacer) -> u64:
    """Scan work of a cycle if the heap is as it was in the last one."""
    return p.last_heap_scan + p.last_stack_scan + p.globals_scan


@kernel
def is_short(p: Pacer) -> bool:
    """Whether the next cycle is expected to be short."""
    work = expected_work(p)
    return work == 0 or to_f64(work) < p.mark_rate * to_f64(p.slice_ns)


@kernel
def commit(p: Pacer, is_sweep_done: bool) -> None:
    """Derives goal and runway from what has changed. While a cycle runs, revise() must follow."""
    p.sweep_dist_min_trigger = 0 if is_sweep_done else p.heap_live + SWEEP_DISTANCE_BYTES
    p.gc_percent_heap_goal = percent_goal(p)
    p.runway = to_u64(p.cons_mark * (1.0 - GOAL_SHARE) / GOAL_SHARE * to_f64(expected_work(p)))


# --- A cycle --------------------------------------------------------------------------------------


@kernel
def check_started(p: Pacer) -> None:
    """Invariant 2: a cycle runs."""
    check(1, p.triggered != 0, "check_started: no cycle runs")


@kernel
def start_cycle(p: Pacer, now_ns: i64, processors: u64, stops_world: bool) -> None:
    """Begins a cycle; the world is stopped, and ``heap_live`` and ``heap_scan`` are exact.

    ``stops_world``: GODEBUG=gcstoptheworld.
    """
    check(1, p.triggered == 0, "start_cycle: a cycle runs")
    p.heap_scan_work = 0
    p.stack_scan_work = 0
    p.globals_scan_work = 0
    p.bg_scan_credit = 0
    p.assist_ns = 0
    p.share_ns = 0
    p.idle_ns = 0
    p.mark_start_ns = now_ns
    p.triggered = max(p.heap_live, 1)
    share_workers(p, processors, stops_world)
    revise(p)


@kernel
def share_workers(p: Pacer, processors: u64, stops_world: bool) -> None:
    """Divides a quarter of the processors into dedicated workers and a share of the others."""
    p.fractional_share = 0.0
    if stops_world:
        p.dedicated_workers_needed = to_i64(processors)
        return
    wanted = to_f64(processors) * BACKGROUND_SHARE
    dedicated = to_i64(wanted + 0.5)
    error = to_f64(dedicated) / wanted - 1.0
    if error < -0.3 or error > 0.3:
        if to_f64(dedicated) > wanted:
            dedicated -= 1
        p.fractional_share = (wanted - to_f64(dedicated)) / to_f64(processors)
    p.dedicated_workers_needed = dedicated


@kernel
def work_done(p: Pacer) -> u64:
    """Scan work of the running cycle so far."""
    return p.heap_scan_work + p.stack_scan_work + p.globals_scan_work


@kernel
def revise(p: Pacer) -> None:
    """Computes the assist ratio anew: when ``heap_live`` or the work done has changed, or after commit()."""
    check_started(p)
    live = to_i64(p.heap_live)
    work = to_i64(work_done(p))
    goal = to_i64(min(heap_goal(p), MOST_BYTES))
    expected = to_i64(expected_work(p))
    most = to_i64(p.heap_scan + p.max_stack_scan + p.globals_scan)
    if work > expected:
        # The heap has grown. Let it grow further at the present assist ratio, up to the size that the next cycle's goal may have anyway.
        goal = min(extended_goal(p, goal, expected, most), hard_goal(p, goal))
        expected = most
    if live > goal:
        goal = to_i64(to_f64(goal) * OVERSHOOT)
        expected = most
    remaining = to_f64(max(expected - work, LEAST_WORK_BYTES))
    runway = to_f64(max(goal - live, 1))
    p.assist_work_per_byte = remaining / runway
    p.assist_bytes_per_work = runway / remaining
    p.assist_runway = to_u64(runway)


@kernel
def extended_goal(p: Pacer, goal: i64, expected: i64, most: i64) -> i64:
    """The goal that leaves as much runway for each byte of all scannable memory as ``goal`` left for what was expected."""
    if expected == 0:
        return MOST_BYTES
    triggered = to_i64(p.triggered)
    return to_i64(to_f64(goal - triggered) / to_f64(expected) * to_f64(most)) + triggered


@kernel
def hard_goal(p: Pacer, goal: i64) -> i64:
    """How far a running cycle may move its goal up."""
    percent: i64 = FORCED_PERCENT if p.gc_percent < 0 else p.gc_percent
    return to_i64((1.0 + to_f64(percent) / 100.0) * to_f64(goal))


@kernel
def collector_share(p: Pacer, duration_ns: i64, processors: u64) -> f64:
    """Share of all processors' time that workers and assists took; workers are assumed to have had what they should."""
    if duration_ns <= 0:
        return BACKGROUND_SHARE
    share = BACKGROUND_SHARE + to_f64(p.assist_ns) / to_f64(duration_ns * to_i64(processors))
    return share if share < MOST_SHARE else MOST_SHARE


@kernel
def idle_share(p: Pacer, duration_ns: i64, processors: u64) -> f64:
    """Share of all processors' time that idle workers took."""
    if duration_ns <= 0:
        return 0.0
    return to_f64(p.idle_ns) / to_f64(duration_ns * to_i64(processors))


@kernel
def end_cycle(p: Pacer, now_ns: i64, processors: u64) -> None:
    """Measures cons/mark at the end of marking; ``heap_live``, work and times are exact. reset_live() and commit() must follow."""
    check_started(p)
    p.last_heap_goal = heap_goal(p)
    work = to_f64(work_done(p))
    mark_ns = p.assist_ns + p.share_ns + p.idle_ns
    if mark_ns != 0:
        p.mark_rate = work / to_f64(mark_ns)
    # A cycle in which the program allocated nothing tells nothing of its rate.
    if p.heap_live <= p.triggered or work_done(p) == 0:
        return
    duration = now_ns - p.mark_start_ns
    share = collector_share(p, duration, processors)
    measured = to_f64(p.heap_live - p.triggered) * (share + idle_share(p, duration, processors)) / (work * (1.0 - share))
    # The largest of five: a measurement that is too small would cost assists, one that is too large only an early cycle.
    p.cons_mark = measured
    for each in range(LAST_CYCLES):
        if p.last_cons_mark[each] > p.cons_mark:
            p.cons_mark = p.last_cons_mark[each]
    for each in range(LAST_CYCLES - 1):
        p.last_cons_mark[each] = p.last_cons_mark[each + 1]
    p.last_cons_mark[LAST_CYCLES - 1] = measured


@kernel
def reset_live(p: Pacer, marked: u64) -> None:
    """Sets the heap to what the cycle marked, which ends it. commit() must follow."""
    check_started(p)
    p.heap_marked = marked
    p.heap_live = marked
    p.heap_scan = p.heap_scan_work
    p.last_heap_scan = p.heap_scan_work
    p.last_stack_scan = p.stack_scan_work
    p.triggered = 0
