"""Records by call stack: what heap, block and mutex profiles count. A record is never freed, and package runtime reads it as it lies.

How: a hash table leads from a stack, the kind of the profile and the size of the object to the record; all records of a kind form a
list, newest first. The addresses of the stack follow the record in memory. A heap profile shows what the last cycle left: so what
was allocated and freed since is counted apart, together with the number of the profile's cycle, and is published by the
first count or reading after that cycle's end (roll_record()). A lock guards the table and the counts; readers of a list need none, since a
record is complete before it is in the list, and stays.

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
    atomic_store,
    f64,
    global_array,
    global_struct,
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
from tricolor.runtime.lock_ranks import RANK_PROFILES
from tricolor.runtime.system.lock import Lock, acquire, release

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


records_lock = global_struct(Lock)
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
    hash = hash_of(kind, size_bytes, stack, depth)
    acquire(records_lock, RANK_PROFILES)
    if _table.value == 0:
        _table.value = reserve_table(HASH_PLACES * 8)
    place = _table.value + (hash % HASH_PLACES) * 8
    found = as_struct(StackRecord, load_addr(place))
    while not is_null(found) and not is_record_of(found, kind, hash, size_bytes, stack, depth):
        found = found.hash_next
    if is_null(found):
        found = make_record(place, kind, hash, size_bytes, stack, depth)
    release(records_lock)
    return found


@kernel
def is_record_of(record: StackRecord, kind: u64, hash: u64, size_bytes: u64, stack: addr, depth: u64) -> bool:
    """Whether the record counts that stack."""
    if record.hash != hash or record.kind != kind or record.size_bytes != size_bytes or record.depth != depth:
        return False
    return memory_compare(stack_of(record), stack, depth * 8) == 0


@kernel
def make_record(place: addr, kind: u64, hash: u64, size_bytes: u64, stack: addr, depth: u64) -> StackRecord:
    """Makes the record of a stack and puts it into the table and the list, while the caller holds the lock."""
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
    # Package runtime walks over the list without the lock.
    atomic_store(first_records[kind], made, "release")
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
    acquire(records_lock, RANK_PROFILES)
    roll_record(record)
    record.new_allocs += 1
    release(records_lock)


@kernel
def count_waits(record: StackRecord, events: f64, delay_ns: i64) -> None:
    """Goroutines waited so often, and so long altogether."""
    acquire(records_lock, RANK_PROFILES)
    record.events += events
    record.delay_ns += delay_ns
    release(records_lock)


@kernel
def count_free(record: StackRecord) -> None:
    """An object of the record died; called when marking ends, before the profile's cycle does, while the world is stopped."""
    roll_record(record)
    record.new_frees += 1


@kernel
def heap_records() -> StackRecord:
    """All records of the heap profile. Before the first cycle has ended they show all that was allocated."""
    acquire(records_lock, RANK_PROFILES)
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
    release(records_lock)
    return first_records[HEAP_PROFILE]
