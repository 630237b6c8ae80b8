"""A kernel module with which several threads use the heap at once. Each has a machine and a processor, and a ring of objects that it keeps."""

from __future__ import annotations

from tricolor.kernel.lang import (
    Array,
    Embed,
    Struct,
    addr,
    address,
    as_struct,
    atomic_compare_exchange,
    export,
    field_address,
    function_address,
    global_array,
    kernel,
    load_addr,
    load_u64,
    set_thread_struct,
    store_u64,
    to_addr,
    to_u32,
    u32,
    u64,
)
from tricolor.runtime.abi_types import GoType
from tricolor.runtime.allocator.marking import is_marking
from tricolor.runtime.collector.cycles import cycles
from tricolor.runtime.collector.roots import mark_words, marker, stack_scanner
from tricolor.runtime.collector.specials import add_cleanup, set_finalizer, stop_cleanup, take_queued
from tricolor.runtime.mutator.malloc import alloc_any, alloc_pointer_first
from tricolor.runtime.mutator.weak import weak_handle, weak_load
from tricolor.runtime.records.machine import Machine, machine
from tricolor.runtime.records.processor import Processor, first_processor, next_random
from tricolor.runtime.system.lock import parallel

THREADS = 8
KEPT = 256
BALANCE = 1 << 60


class Ring(Struct):
    """What a thread keeps: objects, their sizes, and what all their words hold. Objects come first: they are roots."""

    objects: Array[addr, KEPT]
    sizes: Array[u64, KEPT]
    words: Array[u64, KEPT]


machines = global_array(Embed[Machine], THREADS)
processors = global_array(Embed[Processor], THREADS)
rings = global_array(Embed[Ring], THREADS)


@kernel
def scan_rings(which: u64) -> u64:
    """The roots of these tests."""
    marker.stacks_done = 1
    for number in range(THREADS):
        low = field_address(rings[number].objects)
        mark_words(low, low + KEPT * 8)
    return 1


@export("threads.start")
def start(several: u32) -> None:
    """Makes processors for the threads; from here on locks count, if ``several`` is 1."""
    stack_scanner.value = function_address(scan_rings)
    for number in range(THREADS):
        p = processors[number]
        p.number = to_u32(number) + 1
        p.random = number * 12345 + 1
        p.sleepers.first_wake = -1
        p.all_link = first_processor.all_link
        first_processor.all_link = p
    parallel.value = several


@export("threads.marking")
def marking() -> u32:
    return is_marking.value


@export("threads.rich")
def be_rich() -> None:
    """No allocation has to assist for a while."""
    cycles.assist_balance = BALANCE


@kernel
def become(number: u64) -> None:
    """Makes the calling thread the one with that number."""
    set_thread_struct(machine, machines[number])
    machine.processor = processors[number]


@export("threads.hammer")
def hammer(number: u64, count: u64, types: addr, type_count: u64) -> u64:
    """Allocates objects of many layouts and checks them; gives how many were wrong.

    An object is wrong if it is not zero at first, or if its words changed while it was kept.
    """
    become(number)
    ring = rings[number]
    wrong: u64 = 0
    for at in range(count):
        place = next_random(machine.processor) >> 32 & (KEPT - 1)
        wrong += check_object(ring, place)
        type = as_struct(GoType, load_addr(types + (next_random(machine.processor) >> 32) % type_count * 8))
        wrong += replace(ring, place, type, number << 24 | at & 0xFFFF)
    return wrong


@kernel
def replace(ring: Ring, place: u64, type: GoType, word: u64) -> u64:
    """Puts a new object into a place, and fills it; 1 if it was not zero."""
    choice = next_random(machine.processor) >> 32 & 1023
    size_bytes = type.size_bytes
    object: addr = 0
    if choice == 0:
        size_bytes = 40_000
        object = alloc_any(size_bytes, 0, True)
    elif choice < 100:
        size_bytes = 16 + (choice & 1) * 8
        object = alloc_pointer_first(size_bytes)
    elif choice < 400:
        size_bytes = choice * 8
        object = alloc_any(size_bytes, 0, True)
    else:
        object = alloc_any(size_bytes, address(type), True)
    wrong: u64 = 0
    ring.objects[place] = object
    ring.sizes[place] = size_bytes
    ring.words[place] = word
    for at in range(size_bytes >> 3):
        if load_u64(object + at * 8) != 0:
            wrong = 1
        store_u64(object + at * 8, word)
    return wrong


@kernel
def check_object(ring: Ring, place: u64) -> u64:
    """1 if an object has changed."""
    object = ring.objects[place]
    if object == 0:
        return 0
    for at in range(ring.sizes[place] >> 3):
        if load_u64(object + at * 8) != ring.words[place]:
            return 1
    return 0


@export("threads.drop")
def drop(number: u64) -> u64:
    """Checks what a thread keeps, and forgets it; gives how many were wrong."""
    ring = rings[number]
    wrong: u64 = 0
    for place in range(KEPT):
        wrong += check_object(ring, place)
        ring.objects[place] = 0
    return wrong


# --- Specials -------------------------------------------------------------------------------------


@export("threads.specials")
def use_specials(number: u64, objects: addr, count: u64, handles: addr, finalizers: addr) -> u64:
    """Every thread asks for the weak handle of each object, sets its finalizer, adds a cleanup and stops it for every other object.

    Closures lie outside the heap: the words of ``objects``.

    ``handles``: a word for each object, for the first thread's handle. ``finalizers`` counts for each object who set one. Gives how
    many handles were wrong.
    """
    become(number)
    wrong: u64 = 0
    for at in range(count):
        object = load_addr(objects + at * 8)
        handle = weak_handle(object)
        known = as_struct(Word, handles + at * 8)
        if not atomic_compare_exchange(known.value, to_addr(0), handle, "acq_rel") and known.value != handle:
            wrong += 1
        if weak_load(handle) != object:
            wrong += 1
        if set_finalizer(object, objects + at * 8):
            counted = as_struct(Word, finalizers + at * 8)
            counted.value = counted.value + 1
        id = add_cleanup(object, objects + at * 8)
        if (number + at) & 1 == 0:
            stop_cleanup(object, id)
    return wrong


class Word(Struct):
    """One word."""

    value: addr


@export("threads.take")
def take_all(number: u64, into: addr) -> u64:
    """Takes queued specials until none are left; stores kind, object and closure of each, and gives how many there were."""
    become(number)
    count: u64 = 0
    while True:
        kind = take_queued(into + count * 24 + 8, into + count * 24 + 16)
        if kind == 0:
            return count
        store_u64(into + count * 24, kind)
        count += 1
