"""CPU profile: SIGPROF interrupts the threads that use the processor; the handler puts their call stacks into a ring.

A goroutine of package runtime/pprof takes them out (files/runtime/cpuprof.go). A record in the ring::

    words of the record | nanotime | samples | labels of the goroutine | return addresses, innermost first

A record of 0 samples has one number instead of addresses: how many samples were lost since the ring was full.

Invariants:
    1. The handler MUST write a record whole before ``written`` covers it, and MUST NOT write what is not read. Otherwise the reader would
       take half a record. Checked by check_ring().
    2. The handler MUST NOT touch the machine of a thread that has none. Otherwise it would fault. No check sees that:
       profile_handler() asks runs_goroutines() first.

Source:
    Go 1.27.3 runtime/cpuprof.go, runtime/profbuf.go.

Differs from Go:
    Labels are not kept alive by the ring: package runtime keeps those that were set while the profile runs until it ends.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Array,
    Struct,
    addr,
    atomic_exchange,
    atomic_load,
    atomic_store,
    check,
    export,
    field_address,
    function_address,
    global_struct,
    i32,
    i64,
    is_null,
    kernel,
    load_u64,
    memory_copy,
    spin_hint,
    stack_struct,
    store_u64,
    systemstack,
    to_i64,
    to_u64,
    u32,
    u64,
)
from tricolor.runtime.records.goroutine import LABELS
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.scheduler.interrupted import store_interrupted
from tricolor.runtime.scheduler.profile_timer import start_profile_timer, stop_profile_timer
from tricolor.runtime.scheduler.quitting import runs_goroutines
from tricolor.runtime.scheduler.signals import SignalContext, SignalInfo
from tricolor.runtime.scheduler.stops import out_of_memory
from tricolor.runtime.system.clock import nanotime
from tricolor.runtime.system.memory import map_memory

# At 100 samples a second of 64 addresses, 19 seconds. Package runtime reads ten times a second.
RING_WORDS: Final = 1 << 17
# Go's maxCPUProfStack.
SAMPLE_DEPTH: Final = 64
HEAD_WORDS: Final = 4


class Ring(Struct):
    """Records that were written and not read yet. Places are numbers of words modulo RING_WORDS."""

    words: addr
    written: u64
    read: u64
    lost: u64
    """Samples since the ring was full."""
    lock: u32
    """1 while a handler writes: several threads may be interrupted at once."""
    running: u32
    outside: u64
    """Address that stands for code that is not the program's."""
    system: u64
    """Address that stands for the runtime's work for no goroutine."""


class SampleWords(Struct):
    """A record. One place more than the depth: for ``system``."""

    words: Array[u64, HEAD_WORDS + SAMPLE_DEPTH + 1]


_ring = global_struct(Ring)


@export("tricolor.profile_handler")
def profile_handler(signal: i32, info: SignalInfo, context: SignalContext) -> None:
    """Puts the interrupted stack into the ring. Runs on the stack for signals."""
    if scheduler.running == 0 or not runs_goroutines() or atomic_load(_ring.running, "acquire") == 0:
        return
    record = stack_struct(SampleWords)
    depth = store_interrupted(context, _ring.outside, _ring.system, field_address(record.words[HEAD_WORDS]), SAMPLE_DEPTH)
    record.words[0] = HEAD_WORDS + depth
    record.words[1] = to_u64(nanotime())
    record.words[2] = 1
    record.words[3] = 0 if is_null(machine.g) else to_u64(machine.g.words[LABELS])
    while atomic_exchange(_ring.lock, 1, "acquire") != 0:
        spin_hint()
    put_sample(record)
    atomic_store(_ring.lock, 0, "release")


@kernel
def put_sample(record: SampleWords) -> None:
    """Appends a record, or counts it as lost."""
    room = RING_WORDS - (_ring.written - atomic_load(_ring.read, "acquire"))
    if room < record.words[0] + HEAD_WORDS + 1:
        _ring.lost += 1
        return
    if _ring.lost != 0:
        note = stack_struct(SampleWords)
        note.words[0] = HEAD_WORDS + 1
        note.words[1] = record.words[1]
        note.words[HEAD_WORDS] = _ring.lost
        _ring.lost = 0
        append_record(note)
    append_record(record)


@kernel
def append_record(record: SampleWords) -> None:
    """Copies a record to the end of the ring, which has room for it."""
    for index in range(record.words[0]):
        store_u64(_ring.words + (_ring.written + index) % RING_WORDS * 8, record.words[index])
    atomic_store(_ring.written, _ring.written + record.words[0], "release")
    check_ring()


@kernel
def check_ring() -> None:
    """Invariant 1."""
    check(1, _ring.written - atomic_load(_ring.read, "acquire") <= RING_WORDS, "check_ring: a record was written over one that is not read")


@systemstack("runtime.startcpuprofile")
def start_cpu_profile(hz: i64, outside: u64, system: u64) -> None:
    """Samples ``hz`` times a second from here on. What an earlier profile left in the ring is dropped."""
    if _ring.words == 0:
        _ring.words = map_memory(RING_WORDS * 8)
        if _ring.words == 0:
            out_of_memory()
    _ring.read = _ring.written
    _ring.lost = 0
    _ring.outside = outside
    _ring.system = system
    atomic_store(_ring.running, 1, "release")
    start_profile_timer(function_address(profile_handler), hz)


@systemstack("runtime.stopcpuprofile")
def stop_cpu_profile() -> None:
    """Ends sampling; what is in the ring can still be read."""
    stop_profile_timer()
    atomic_store(_ring.running, 0, "release")


@systemstack("runtime.readcpuprofile")
def read_cpu_profile(into: addr, count: i64) -> i64:
    """Takes as many whole records as fit into ``count`` words; gives the number of words."""
    end = atomic_load(_ring.written, "acquire")
    at = _ring.read
    done: u64 = 0
    while at != end:
        length = load_u64(_ring.words + at % RING_WORDS * 8)
        if done + length > to_u64(count):
            break
        first = min(length, RING_WORDS - at % RING_WORDS)
        memory_copy(into + done * 8, _ring.words + at % RING_WORDS * 8, first * 8)
        memory_copy(into + (done + first) * 8, _ring.words, (length - first) * 8)
        done += length
        at += length
    atomic_store(_ring.read, at, "release")
    return to_i64(done)
