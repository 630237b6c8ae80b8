"""Records by call stack: what heap, block and mutex profiles count. A record is never freed, and package runtime reads it as it lies.

How: a hash table leads from a stack, the kind of the profile and the size of the object to the record; all records of a kind form a
list, newest first. The addresses of the stack follow the record in memory. A heap profile shows what the last cycle left: so what
was allocated and freed since is counted apart, together with the number of the profile's cycle, and is published by the
first count or reading after that cycle's end (roll_record()).

Source:
    Go 1.27.3 runtime/mprof.go (bucket, stkbucket, memRecord).

Differs from Go:
    Go publishes two cycles later, since it learns of deaths while it sweeps. Here all deaths are known when marking ends.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Array,
    Struct,
    addr,
    address,
    as_struct,
    f64,
    global_array,
    global_value,
    i64,
    is_null,
    kernel,
    load_addr,
    load_u64,
    memory_compare,
    memory_copy,
    size_of,
    store_addr,
    u64,
)
from tricolor.runtime.allocator.mheap import persistent_alloc, reserve_table

HEAP_PROFILE: Final = 0
BLOCK_PROFILE: Final = 1
MUTEX_PROFILE: Final = 2
PROFILE_KINDS: Final = 3
# Go's default of GODEBUG=profstackdepth.
STACK_DEPTH: Final = 128
# Go has 179,999. Memory of places that are not used is never touched.
HASH_PLACES: Final = 1 << 17


class StackRecord(Struct):
    """What happened at one call stack; ``depth`` return addresses follow. stackRecord of package runtime."""

    next: "StackRecord"
    """In the list of its kind."""
    hash_next: "StackRecord"
    kind: u64
    hash: u64
    size_bytes: u64
    """Size of the objects; 0 for events."""
    depth: u64
    # Objects, as the last cycle left them, and since then.
    allocs: u64
    frees: u64
    new_allocs: u64
    new_frees: u64
    cycle: u64
    """The profile's cycle to which the new ones belong."""
    # Events, scaled up by the share that is sampled.
    events: f64
    delay_ns: i64


class StackWords(Struct):
    """Room for the return addresses of a call stack."""

    words: Array[u64, STACK_DEPTH]


_table = global_value(addr)
first_records = global_array(StackRecord, PROFILE_KINDS)
# Ends of marking so far.
profile_cycle = global_value(u64)


@kernel
def hash_of(kind: u64, size_bytes: u64, stack: addr, depth: u64) -> u64:
    """Mixes all words."""
    hash = kind + size_bytes * 8
    for index in range(depth):
        hash += load_u64(stack + index * 8)
        hash += hash << 10
        hash ^= hash >> 6
    hash += hash << 3
    return hash ^ (hash >> 11)


@kernel
def record_of(kind: u64, size_bytes: u64, stack: addr, depth: u64) -> StackRecord:
    """The record of a stack, which is made if there is none."""
    if _table.value == 0:
        _table.value = reserve_table(HASH_PLACES * 8)
    hash = hash_of(kind, size_bytes, stack, depth)
    place = _table.value + (hash % HASH_PLACES) * 8
    each = as_struct(StackRecord, load_addr(place))
    while not is_null(each):
        same = each.hash == hash and each.kind == kind and each.size_bytes == size_bytes and each.depth == depth
        if same and memory_compare(stack_of(each), stack, depth * 8) == 0:
            return each
        each = each.hash_next
    made = as_struct(StackRecord, persistent_alloc(size_of(StackRecord) + depth * 8))
    made.kind = kind
    made.hash = hash
    made.size_bytes = size_bytes
    made.depth = depth
    made.cycle = profile_cycle.value
    memory_copy(stack_of(made), stack, depth * 8)
    made.hash_next = as_struct(StackRecord, load_addr(place))
    store_addr(place, address(made))
    made.next = first_records[kind]
    first_records[kind] = made
    return made


@kernel
def stack_of(record: StackRecord) -> addr:
    """Where the return addresses of a record are."""
    return address(record) + size_of(StackRecord)


@kernel
def roll_record(record: StackRecord) -> None:
    """Publishes what belongs to a cycle that has ended."""
    if record.cycle != profile_cycle.value:
        publish_record(record)
        record.cycle = profile_cycle.value


@kernel
def publish_record(record: StackRecord) -> None:
    """Publishes all that was counted."""
    record.allocs += record.new_allocs
    record.frees += record.new_frees
    record.new_allocs = 0
    record.new_frees = 0


@kernel
def count_alloc(record: StackRecord) -> None:
    """An object was allocated."""
    roll_record(record)
    record.new_allocs += 1


@kernel
def count_free(record: StackRecord) -> None:
    """An object of the record died; called when marking ends, before the profile's cycle does."""
    roll_record(record)
    record.new_frees += 1


@kernel
def heap_records() -> StackRecord:
    """All records of the heap profile. Before the first cycle has ended they show all that was allocated."""
    published: u64 = 0
    each = first_records[HEAP_PROFILE]
    while not is_null(each):
        roll_record(each)
        published += each.allocs
        each = each.next
    if published == 0:
        each = first_records[HEAP_PROFILE]
        while not is_null(each):
            publish_record(each)
            each = each.next
    return first_records[HEAP_PROFILE]
