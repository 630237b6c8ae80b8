"""All locks of the runtime, in the order in which a thread may acquire them.

A thread may acquire a lock while it holds locks of lower ranks only. So no threads can wait for each other in a circle. ``system.lock``
checks the order at check level 2.

A rank in PEERS is that of many locks which a thread may hold together: it acquires them in the order of their addresses.

Locks of package runtime come first, since its code calls channels, the scheduler and the allocator while it holds them. Then come
communication and scheduling, then memory, then what prints, which every part may call.

To add a lock: add its rank at its place in the list, and pass the rank to acquire().

Source:
    Go 1.27.3 runtime/lockrank.go.
"""

from __future__ import annotations

from typing import Final

# Package runtime: goroot/files/runtime/lock.go has the same numbers.
RANK_DESCRIPTORS: Final = 1
"""A descriptor that is watched, or the list of those that may be used again. Held while the timer of a deadline changes."""
RANK_TIMERS: Final = 2
"""The heap of timers. Held while a timer's value is sent to its channel."""
RANK_SEMAPHORE: Final = 3
"""A bucket of semaphores (package sync), or the waiters of a sync.Cond."""
RANK_COROUTINE: Final = 4
"""The halves of an iter.Pull."""
RANK_TABLES: Final = 5
"""Tables that package runtime fills as the program needs them: itabs, types made by package reflect, settings."""
RANK_RANDOM: Final = 6
"""The random generator that processors without one of their own share."""

# Communication and scheduling.
RANK_CHANNEL: Final = 10
"""A channel. A select holds those of all its cases."""
RANK_SUDOGS: Final = 11
"""Records of waiting goroutines that no processor has."""
RANK_SCHEDULER: Final = 12
"""What all threads of the scheduler share: idle processors and threads, the global run queue, records of goroutines."""
RANK_RUN_QUEUE: Final = 13
"""The run queue and the sleepers of a processor."""
RANK_FINALIZERS: Final = 14
"""Whether the goroutine that runs finalizers waits."""
RANK_BUBBLE: Final = 15
"""A bubble of testing/synctest: which of its goroutines are blocked. Held while a goroutine begins, waits, wakes or ends, and for nothing else."""

# Memory.
RANK_PROFILES: Final = 19
"""Records by call stack, and the list of sampled objects."""
RANK_COLLECTOR: Final = 20
"""The phase of the collector and its lists of work."""
RANK_SPECIALS: Final = 21
"""Finalizers, cleanups, weak handles. Held while what they hold is pushed for the marker."""
RANK_LAYOUTS: Final = 22
"""The table of layouts, and the caches that lead from types to layouts."""
RANK_CENTRAL: Final = 23
"""The spans of a layout that have free elements."""
RANK_HEAP: Final = 24
"""Pages, spans and records of spans."""
RANK_PERSISTENT: Final = 25
"""Memory that is never freed."""
RANK_MARK_WORK: Final = 26
"""Blocks of work for the marker, and how far the roots were given out. A write barrier may need it wherever pointers are stored."""

# What every part may call.
RANK_PRINT: Final = 30
"""The output of one print of the program."""
RANK_SITES: Final = 31
"""The table of allocation sites, and the trace of allocations."""
RANK_OUTPUT: Final = 32
"""Text for standard error."""
RANK_STACKS: Final = 33
"""Free segments of stacks: any Go code may need one, whatever lock it holds."""

PEERS: Final = RANK_CHANNEL
"""The rank of which a thread may hold several locks."""

SPINS: Final = 60
"""Looks at a lock that another thread holds before the thread sleeps. Each takes 40 to 140 cycles, and most locks are held for fewer than
1,000. More looks waste time when the holder does not run; fewer cost system calls, 2 us each, when it does."""
