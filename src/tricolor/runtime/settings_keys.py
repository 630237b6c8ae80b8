"""The settings of the memory manager, by key (plain Python): what GOGC, GOMEMLIMIT, GODEBUG and runtime/debug change.

**A new setting goes here.** It needs a key after the last one, and LAST_KEY must be raised to it. If a flag of GODEBUG sets it, it
needs an entry in DEBUG_FLAGS as well; if it has to see every allocation, an entry in EVERY_ALLOCATION. The code that obeys it reads
``settings[KEY]`` (``allocator.settings``), which is 0 until something sets it.

``runtime.configure(key u64, value i64) -> i64`` exchanges a setting and gives its previous value.
"""

from __future__ import annotations

from typing import Final

GC_PERCENT = 1
"""GOGC: percent; negative: off."""
MEMORY_LIMIT = 2
"""GOMEMLIMIT in bytes; 2**63-1: none."""
GCTRACE = 3
"""Print a line for each cycle."""
TRACE_ALLOCATIONS = 4
"""Print each allocation, free and cycle, with stacks."""
STRESS = 5
"""Collect at every Nth allocation."""
CLOBBER_FREE = 6
"""Overwrite freed objects with 0xdeadbeef."""
CHECKMARK = 7
"""Mark twice and compare; check all invariants after each cycle."""
ACCOUNTING = 8
"""Count objects and bytes by site."""
PAST_END = 9
"""1: a stack word that points to the end of an object keeps the object alive (default)."""
ARENA_BYTES = 10
"""Address space of the heap; can be set only before the heap starts."""
PACER_TRACE = 11
"""Print two lines about pacing for each cycle."""
SAMPLE_BYTES = 12
"""Sample an object for the heap profile every so many bytes on average; 0: never."""
BARRIER = 13
"""1: the write barrier works all the time; outside of cycles what it shades is dropped."""
ASYNC_PREEMPT_OFF = 14
"""No signal stops a goroutine that does not yield at a call."""
STOP_EVERY_US = 15
"""A test mode: the monitor thread has a signal stop the running goroutine every N microseconds, wherever it is. 0: off."""
STOP_THE_WORLD = 16
"""1: automatic cycles run while the program is stopped; 2: the sweep as well."""
MARK_STEP = 17
"""N: a cycle is always under way; each allocation marks N addresses. For tests of the write barrier."""
PROCESSORS = 18
"""The most processors that run goroutines, whatever GOMAXPROCS is; 0: no other limit."""
ADAPTIVE_STACK_START = 19
"""1: new goroutines begin with what stacks use on average (default); 0: with 2 KiB."""
SHRINK_STACK_OFF = 20
"""1: goroutines keep the segments of their stacks that they do not use."""
SCAVENGER_TRACE = 21
"""Print a line about memory given back to the system for each cycle."""
CYCLE_PERIOD_MS = 22
"""A cycle begins when there was none for that many milliseconds; 0: for two minutes."""
LAST_KEY = 22

DEBUG_FLAGS: Final[dict[str, int]] = {
    "gctrace": GCTRACE,
    "gccheckmark": CHECKMARK,
    "clobberfree": CLOBBER_FREE,
    "allocfreetrace": TRACE_ALLOCATIONS,
    "gcstress": STRESS,
    "asyncpreemptoff": ASYNC_PREEMPT_OFF,
    "gcpreempt": STOP_EVERY_US,
    "gcpacertrace": PACER_TRACE,
    "gcbarrier": BARRIER,
    "gcstoptheworld": STOP_THE_WORLD,
    "gcmarkstep": MARK_STEP,
    "processors": PROCESSORS,
    "adaptivestackstart": ADAPTIVE_STACK_START,
    "gcshrinkstackoff": SHRINK_STACK_OFF,
    "scavtrace": SCAVENGER_TRACE,
    "gcperiod": CYCLE_PERIOD_MS,
}
"""Flags of GODEBUG and the settings that they set to a number."""

EVERY_ALLOCATION: Final = (STRESS, TRACE_ALLOCATIONS, ACCOUNTING, MARK_STEP)
"""Settings that have to see every allocation: while one of them is not 0, each allocation takes the slow path."""

DEBUG_FLAG_TABLE: Final = b"".join(bytes([key, len(name)]) + name.encode() for name, key in DEBUG_FLAGS.items())
"""DEBUG_FLAGS as the runtime reads them, one after the other: key, length of the name, name."""
