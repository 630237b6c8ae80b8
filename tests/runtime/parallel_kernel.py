"""A kernel module with which several threads mark one heap at once, while others change it.

A mutator has registers, which stand for its stack; it scans them itself, once in a cycle. Roots are the array of the driver.
"""

from __future__ import annotations

from tests.runtime.driver_kernel import ROOTS, roots, start
from tests.runtime.threads_kernel import KEPT, Ring, become, rings
from tests.runtime.threads_kernel import start as start_threads
from tricolor.kernel.lang import (
    addr,
    address,
    export,
    field_address,
    function_address,
    kernel,
    load_addr,
    memory_zero,
    size_of,
    store_addr,
    to_addr,
    u64,
)
from tricolor.runtime.allocator.heap_types import centrals
from tricolor.runtime.allocator.marking import is_marking, marking
from tricolor.runtime.allocator.marks import count_marks
from tricolor.runtime.allocator.mheap import reserve_table
from tricolor.runtime.allocator.sizes import ALL_POINTERS_BASE, DRAIN_STEP
from tricolor.runtime.allocator.spans import find_object, span_of
from tricolor.runtime.collector.barrier import shade
from tricolor.runtime.collector.cycle import NO_DEADLINE, mark_stopped, release_world, run_slice, try_start_cycle
from tricolor.runtime.collector.cycles import cycles
from tricolor.runtime.collector.mark import drain
from tricolor.runtime.collector.roots import mark_words, marker, push, stack_scanner
from tricolor.runtime.collector.slices import NOTHING_LEFT
from tricolor.runtime.collector.work import own_work, take_block
from tricolor.runtime.collector.workers import WORKER_SHARE
from tricolor.runtime.mutator.alloc import alloc
from tricolor.runtime.mutator.malloc import alloc_any
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.processor import next_random
from tricolor.runtime.system.clock import nanotime

CLASSES = 20
LARGE_EVERY = 5000
LARGE_BYTES = 400_000
SLICE_NS = 200_000
BALANCE = 1 << 60


@kernel
def scan(which: u64) -> u64:
    """The roots that belong to no mutator."""
    marker.stacks_done = 1
    mark_words(field_address(roots), field_address(roots) + ROOTS * 8)
    return 1


@kernel
def random_below(count: u64) -> u64:
    return (next_random(machine.processor) >> 32) % count


@kernel
def new_node(type: addr) -> addr:
    """An object of random size, of which every word is a pointer. ``type``: of a pointer."""
    if random_below(LARGE_EVERY) == 0:
        return alloc_any(LARGE_BYTES, type, True)
    return alloc(address(centrals[ALL_POINTERS_BASE + 1 + random_below(CLASSES)]), 0)


@kernel
def random_slot(object: addr) -> addr:
    """Address of a word of an object."""
    return object + random_below(span_of(object).elem_bytes >> 3) * 8


@export("parallel.build")
def build(count: u64, type: addr, edges: u64) -> None:
    """Makes nodes, from each up to ``edges`` edges to others; some of them are roots. In the main thread."""
    nodes = reserve_table(count * 8)
    for at in range(count):
        store_addr(nodes + at * 8, new_node(type))
    for at in range(count):
        for _edge in range(random_below(edges + 1)):
            store_addr(random_slot(load_addr(nodes + at * 8)), load_addr(nodes + random_below(count) * 8))
    for at in range(ROOTS // 8):
        roots[at] = load_addr(nodes + random_below(count) * 8)


@export("parallel.begin")
def begin() -> bool:
    """Begins a cycle, in which no allocation has to assist."""
    stack_scanner.value = function_address(scan)
    if not try_start_cycle(False):
        return False
    release_world()
    cycles.assist_balance = BALANCE
    return True


@export("parallel.mark")
def mark(number: u64) -> u64:
    """Marks in slices until nothing is left; gives the bytes of what this thread has marked."""
    become(number)
    while run_slice(WORKER_SHARE, nanotime() + SLICE_NS, ~0, False) != NOTHING_LEFT:
        pass
    return machine.processor.mark.marked_bytes


@export("parallel.end")
def end(is_exact: bool) -> bool:
    """Ends the cycle, in the main thread. ``is_exact``: nothing has changed since it began."""
    cycles.is_stopped = 1 if is_exact else 0
    cycles.mark_end_ns = nanotime()
    return mark_stopped(WORKER_SHARE, NO_DEADLINE)


@kernel
def store_pointer(slot: addr, value: addr) -> None:
    """What compiled code does."""
    old = load_addr(slot)
    store_addr(slot, value)
    if marking.value != 0:
        shade(old, value)


@export("parallel.mutate")
def mutate(number: u64, steps: u64, type: addr) -> u64:
    """Loads, stores, allocates and drops at random; gives how many registers hold what is not allocated at the end.

    At a random step it scans its registers, if the collector marks.
    """
    become(number)
    ring = rings[number]
    scan_at = random_below(steps)
    for step in range(steps):
        if step == scan_at and is_marking.value != 0:
            mark_words(field_address(ring.objects), field_address(ring.objects) + KEPT * 8)
        operate(ring, type)
    return count_lost(number)


@kernel
def operate(ring: Ring, type: addr) -> None:
    """One operation."""
    into = random_below(KEPT)
    base = ring.objects[random_below(KEPT)]
    what = random_below(16)
    if what == 0:
        ring.objects[into] = roots[random_below(ROOTS)]
    elif what == 1:
        store_pointer(field_address(roots[random_below(ROOTS)]), base)
    elif what == 2:
        ring.objects[into] = to_addr(0)
    elif what <= 4:
        ring.objects[into] = new_node(type)
    elif base != 0:
        if what <= 9:
            ring.objects[into] = load_addr(random_slot(base))
        else:
            store_pointer(random_slot(base), ring.objects[into])


@export("parallel.lost")
def count_lost(number: u64) -> u64:
    """Registers of a mutator that hold what is not allocated."""
    lost: u64 = 0
    for place in range(KEPT):
        object = rings[number].objects[place]
        if object != 0 and find_object(object) != object:
            lost += 1
    return lost


@export("parallel.start_two")
def start_two() -> None:
    """Two threads have the same four objects on their mark stacks, or in blocks; a cycle marks."""
    start(0)
    start_threads(1)
    for at in range(4):
        roots[at] = alloc(address(centrals[ALL_POINTERS_BASE + 2]), 0)
    begin()
    for number in range(2):
        become(number)
        for at in range(4):
            push(roots[at])


@export("parallel.drain")
def drain_all(number: u64) -> u64:
    """Marks what is on the stack of a thread, and blocks; gives the bytes of what it has marked."""
    become(number)
    while not drain(own_work(), DRAIN_STEP) or take_block(own_work()):
        pass
    return own_work().marked_bytes


@export("parallel.count_marks")
def count_all_marks() -> u64:
    """How many of the four objects are marked."""
    return count_marks(span_of(roots[0]))


@export("parallel.forget")
def forget(number: u64) -> None:
    """Empties the registers of a mutator."""
    memory_zero(address(rings[number]), size_of(Ring))
