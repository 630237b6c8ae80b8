"""Keys of ``runtime.configure(key u64, value i64) -> i64``, which gives the previous value (plain Python).

Each is what an environment variable or GODEBUG setting sets at start: GOGC, GOMEMLIMIT, gctrace, allocfreetrace, and so on.
"""

from __future__ import annotations

GC_PERCENT = 1
"""GOGC: percent; negative: off."""
MEMORY_LIMIT = 2
"""GOMEMLIMIT in bytes; 2**63-1: none."""
GCTRACE = 3
TRACE_ALLOCATIONS = 4
"""A line for each allocation and free."""
STRESS = 5
"""Collect at every Nth allocation."""
CLOBBER_FREE = 6
"""Overwrite freed objects with 0xdeadbeef."""
CHECKMARK = 7
"""Mark twice and compare; check all invariants after each cycle."""
ACCOUNTING = 8
"""Count objects and bytes by site."""
PAST_END = 9
"""1: a stack word right behind an object keeps it alive (default)."""
ARENA_BYTES = 10
"""Address space of the heap; before its start only."""
