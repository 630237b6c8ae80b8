"""A kernel module that gives tests the pacer as C functions; a test owns the Pacer."""

from __future__ import annotations

from tricolor.kernel.lang import export, f64, i64, to_u64, u64
from tricolor.runtime.collector.pacer import (
    Pacer,
    commit,
    end_cycle,
    find_trigger,
    heap_goal,
    reset_live,
    revise,
    set_percent,
    start_cycle,
)


@export("test.pacer_init")
def init_pacer(p: Pacer, percent: i64, limit: u64) -> None:
    set_percent(p, percent)
    p.memory_limit = limit
    commit(p, True)


@export("test.pacer_trigger")
def trigger_of(p: Pacer) -> u64:
    trigger, _goal = find_trigger(p)
    return trigger


@export("test.pacer_goal")
def goal_of(p: Pacer) -> u64:
    return heap_goal(p)


@export("test.pacer_start")
def start(p: Pacer, now_ns: i64, processors: u64) -> None:
    start_cycle(p, now_ns, processors, False)


@export("test.pacer_work")
def work(p: Pacer, live: u64, scan: u64, heap: u64, stack: u64, globals: u64) -> f64:
    """Adds what was allocated and scanned; gives the new assist ratio."""
    p.heap_live += live
    p.heap_scan += scan
    p.heap_scan_work += heap
    p.stack_scan_work += stack
    p.globals_scan_work += globals
    revise(p)
    return p.assist_work_per_byte


@export("test.pacer_end")
def end(p: Pacer, marked: u64, assist_ns: i64, now_ns: i64, processors: u64) -> None:
    p.assist_ns = to_u64(assist_ns)
    end_cycle(p, now_ns, processors)
    reset_live(p, marked)
    commit(p, False)
