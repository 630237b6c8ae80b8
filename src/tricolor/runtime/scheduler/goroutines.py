"""Goroutines: made, queued, run, parked, woken, ended.

One run queue in order of arrival, and ``run_next``, which a goroutine just made or woken takes so that it runs as soon as
the running one parks (what was there before goes to the end of the queue). Who sleeps until a point of time is in a heap
(``sleepers``). When nothing is runnable the thread sleeps until the first sleeper is due; if there is none the program
is deadlocked.

Invariants:
    1. Between reading shared state and ``park``, a ``@goroutine`` function MUST NOT call a ``@goroutine`` function.
       Otherwise its prologue could yield in between, and a wake-up could be lost.
    2. A goroutine is in at most one of: run_next, the run queue, a waiting list. ``status`` says which.
       Checked by make_ready().

Source:
    Go 1.27.3 runtime/proc.go (newproc, schedule, goready, gopark, goexit0).
"""

from __future__ import annotations

from typing import Final, NoReturn

from tricolor.kernel.lang import (
    addr,
    as_struct,
    check,
    export,
    function_address,
    global_value,
    goroutine,
    i32,
    i64,
    inline,
    is_null,
    kernel,
    load_u64,
    null,
    size_of,
    store_u32,
    systemstack,
    to_i32,
    to_u32,
    u8,
    u32,
)
from tricolor.runtime.scheduler.context import park, resume
from tricolor.runtime.scheduler.machine import (
    DEAD,
    RUNNABLE,
    RUNNING,
    WAITING,
    G,
    counters,
    machine,
)
from tricolor.runtime.scheduler.preempt import start_monitor
from tricolor.runtime.scheduler.sleepers import (
    sleeper_insert,
    sleeper_remove,
    sleepers_due,
    sleeps_in_vain,
    wait_until,
)
from tricolor.runtime.scheduler.stacks import MAIN_SEGMENT_BYTES, free_behind, segment_new, stack_prepare
from tricolor.runtime.scheduler.stops import deadlock, out_of_memory
from tricolor.runtime.scheduler.system import map_memory, nanotime

G_SLAB_BYTES: Final = 64 * 1024
# Sleepers are looked at once in so many switches: a look costs reading the clock (25 ns).
SLEEPERS_EVERY: Final = 32

_slab = global_value(addr)
_slab_end = global_value(addr)


# --- The run queue --------------------------------------------------------------------------------


@inline
def enqueue(g: G) -> None:
    """Puts a goroutine at the end of the run queue."""
    g.link = null(G)
    if is_null(machine.run_head):
        machine.run_head = g
    else:
        machine.run_tail.link = g
    machine.run_tail = g
    machine.run_count += 1


@inline
def make_ready(g: G) -> None:
    """Makes a waiting goroutine the next to run. It must not be among the sleepers."""
    check(2, g.status == WAITING, "a goroutine is made ready that does not wait")
    g.status = RUNNABLE
    before = machine.run_next
    machine.run_next = g
    if not is_null(before):
        enqueue(before)


@kernel
def wake_due() -> None:
    """Puts the sleepers whose time has come at the end of the run queue."""
    now = nanotime()
    while True:
        g = sleepers_due(now)
        if is_null(g):
            return
        g.param = 1
        g.status = RUNNABLE
        enqueue(g)


@kernel
def _wait_for_work() -> G:
    """Sleeps until there is a runnable goroutine, and takes it out of the queue."""
    while is_null(machine.run_head):
        until = machine.first_wake
        if until < 0 or sleeps_in_vain():
            deadlock()
        wait_until(until)
        wake_due()
    return _dequeue()


@kernel
def _dequeue() -> G:
    g = machine.run_head
    machine.run_head = g.link
    machine.run_count -= 1
    return g


@kernel
def schedule() -> NoReturn:
    """Runs the next goroutine."""
    counters.switches += 1
    machine.tick += 1
    if machine.tick % SLEEPERS_EVERY == 0 and machine.first_wake >= 0:
        wake_due()
    g = machine.run_next
    if not is_null(g):
        machine.run_next = null(G)
    elif not is_null(machine.run_head):
        g = _dequeue()
    else:
        g = _wait_for_work()
    g.status = RUNNING
    resume(g)


# --- What park calls on the system stack ----------------------------------------------------------


@export("tricolor.commit_park")
def commit_park(g: G) -> NoReturn:
    """The goroutine waits; its lock may be released from here on."""
    if machine.unlock != 0:
        store_u32(machine.unlock, 0)
        machine.unlock = 0
    schedule()


@kernel(symbol_name="tricolor.commit_yield")
def commit_yield(g: G) -> NoReturn:
    """The goroutine goes to the end of the queue, behind the one that would have run next."""
    g.status = RUNNABLE
    machine.yield_wanted = 0
    following = machine.run_next
    if not is_null(following):
        machine.run_next = null(G)
        enqueue(following)
    enqueue(g)
    schedule()


@kernel(symbol_name="tricolor.commit_exit")
def commit_exit(g: G) -> NoReturn:
    """The goroutine has ended."""
    g.status = DEAD
    if g.system == 0:
        machine.live -= 1
    if g.id == 1:
        machine.main_ended = 1
    g.words[0] = 0
    g.words[1] = 0
    g.words[2] = 0
    g.param = 0
    g.panics_on_fault = 0
    g.segment = g.first_segment
    if not is_null(g.first_segment.next):
        free_behind(g.first_segment)
    g.link = machine.free_goroutines
    machine.free_goroutines = g
    machine.g = null(G)
    schedule()


# --- Making goroutines ----------------------------------------------------------------------------


@kernel
def _new_g() -> G:
    g = machine.free_goroutines
    if not is_null(g):
        machine.free_goroutines = g.link
        return g
    if _slab.value == _slab_end.value:
        _slab.value = map_memory(G_SLAB_BYTES)
        if _slab.value == 0:
            out_of_memory()
        _slab_end.value = _slab.value + G_SLAB_BYTES // size_of(G) * size_of(G)
    g = as_struct(G, _slab.value)
    _slab.value = _slab.value + size_of(G)
    if is_null(machine.all_goroutines):
        machine.all_goroutines = g
        g.first_segment = segment_new(MAIN_SEGMENT_BYTES)
    else:
        machine.all_last.all_link = g
    machine.all_last = g
    return g


@kernel
def create(closure: addr, system: bool) -> G:
    """A goroutine that will call the closure; its state is WAITING."""
    g = _new_g()
    stack_prepare(g, closure)
    machine.last_id += 1
    g.id = machine.last_id
    g.reason = 0
    g.system = 1 if system else 0
    g.timer_index = 0
    g.status = WAITING
    counters.goroutines_created += 1
    if not system:
        machine.live += 1
        counters.goroutines_peak = max(counters.goroutines_peak, machine.live)
    parent = machine.g
    g.parent_id = 0
    g.creator_pc = 0
    if not is_null(parent):
        g.parent_id = parent.id
        # The thunk's frame: above the saved frame pointer is the address in the function that says "go".
        g.creator_pc = load_u64(machine.goroutine_fp + 8)
    return g


@systemstack("runtime.newproc")
def newproc(closure: addr) -> None:
    """``go closure()``."""
    make_ready(create(closure, False))
    if machine.monitor_started == 0:
        start_monitor()


@systemstack("runtime.newsystemproc")
def newsystemproc(closure: addr) -> None:
    """As newproc, for a goroutine of the runtime: not counted, not shown in traces, no reason to go on."""
    make_ready(create(closure, True))


@systemstack("runtime.newparkedproc")
def newparkedproc(closure: addr) -> G:
    """A goroutine that runs once goready is called for it."""
    return create(closure, False)


# --- Waiting and waking ---------------------------------------------------------------------------


@goroutine("runtime.gopark")
def gopark(unlock: addr, reason: u8) -> None:
    """Waits for goready; then, once parked, the word at ``unlock`` (if not 0) is cleared."""
    g = machine.g
    g.status = WAITING
    g.reason = to_u32(reason)
    machine.unlock = unlock
    park(function_address(commit_park))


@inline
def park_waiting(g: G, reason: u32) -> None:
    """Parks the running goroutine ``g`` from a ``@goroutine`` function."""
    g.status = WAITING
    g.reason = reason
    park(function_address(commit_park))


@systemstack("runtime.goready")
def goready(g: G) -> None:
    """Makes a goroutine that waits (or sleeps) the next to run; nothing if it does not wait."""
    if g.status != WAITING:
        return
    if g.timer_index != 0:
        sleeper_remove(g)
        g.param = 0
    make_ready(g)


@systemstack("tricolor.sleep_insert")
def sleep_insert(g: G, when: i64) -> None:
    """Notes that the goroutine is to be woken at that time."""
    sleeper_insert(g, when)


@goroutine("runtime.gosleep")
def gosleep(unlock: addr, when: i64, reason: u8) -> bool:
    """Waits until nanotime() is ``when``, or for goready; True if the time came."""
    g = machine.g
    sleep_insert(g, when)
    g.status = WAITING
    g.reason = to_u32(reason)
    machine.unlock = unlock
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
    return to_i32(machine.live)


@systemstack("runtime.gomaxprocs")
def gomaxprocs(count: i32) -> i32:
    """Sets how many threads may run goroutines, if above 0, and gives what was set; only one ever does."""
    before = machine.maximum_processors
    if count > 0:
        machine.maximum_processors = count
    return before
