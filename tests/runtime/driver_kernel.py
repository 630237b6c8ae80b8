"""A kernel module that gives tests the allocator and the collector as C functions, with roots in static memory."""

from __future__ import annotations

from tricolor.kernel.lang import (
    addr,
    export,
    field_address,
    frame_address,
    function_address,
    global_array,
    global_value,
    goroutine,
    i64,
    is_null,
    kernel,
    load_addr,
    set_thread_struct,
    store_addr,
    store_i64,
    store_u64,
    text,
    to_addr,
    to_i64,
    to_u64,
    u64,
)
from tricolor.runtime.allocator.accounting import trace_hook
from tricolor.runtime.allocator.heap_types import centrals, mheap
from tricolor.runtime.allocator.marking import is_marking
from tricolor.runtime.allocator.mcentral import init_layouts
from tricolor.runtime.allocator.sampling import draw_distance, sample_hook
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.sizes import ALL_POINTERS_BASE
from tricolor.runtime.allocator.spans import find_object, span_of
from tricolor.runtime.allocator.stack_records import HEAP_PROFILE, StackRecord, heap_records, record_of
from tricolor.runtime.collector.barrier import shade
from tricolor.runtime.collector.configure import configure
from tricolor.runtime.collector.cycle import collect, mark_slice, release_world, try_start_cycle
from tricolor.runtime.collector.cycles import cycles
from tricolor.runtime.collector.environment import read_environment
from tricolor.runtime.collector.roots import mark_stack_words, mark_words, marker, stack_scanner
from tricolor.runtime.collector.samples import add_sample, check_samples
from tricolor.runtime.collector.scavenger import scavenge_some
from tricolor.runtime.collector.specials import (
    add_cleanup,
    check_specials,
    set_finalizer,
    stop_cleanup,
    take_queued,
)
from tricolor.runtime.collector.sweep import check_heap, sweep_some
from tricolor.runtime.collector.workers import WORKER_SHARE
from tricolor.runtime.mutator.alloc import alloc
from tricolor.runtime.mutator.malloc import alloc_any
from tricolor.runtime.mutator.weak import weak_handle, weak_load
from tricolor.runtime.records.machine import first_machine, machine, mcache
from tricolor.runtime.records.process import init_scheduler
from tricolor.runtime.records.processor import flush_mcaches
from tricolor.runtime.settings_keys import MARK_STEP, SAMPLE_BYTES
from tricolor.runtime.slices import growslice
from tricolor.runtime.strings import (
    cmpstring,
    concatstrings,
    decoderune,
    intstring,
    slicebytetostring,
    slicerunetostring,
    stringtoslicebyte,
    stringtoslicerune,
)
from tricolor.runtime.system.output import flush_output, put, put_hex, put_number
from tricolor.runtime.system.stop import last_words

ROOTS = 256
roots = global_array(addr, ROOTS)
stack_base = global_value(addr)
NODE_CLASS = 2
BELOW_FRAME_BYTES = 256


@kernel
def scan(which: u64) -> u64:
    """Roots of a test: the array, and this thread's stack while a benchmark runs on it."""
    marker.stacks_done = 1
    mark_words(field_address(roots), field_address(roots) + ROOTS * 8)
    if to_u64(stack_base.value) != 0:
        mark_stack_words(to_addr(to_u64(frame_address() - BELOW_FRAME_BYTES) & ~7), stack_base.value)
    return 1


@export("test.trace")
def print_trace(kind: u64, object: addr, size_bytes: u64) -> None:
    """What a test sees of traced allocations."""
    put_number(kind)
    put(*text(" 0x"))
    put_hex(to_u64(object))
    put(*text(" "))
    put_number(size_bytes)
    put(*text("\n"))
    flush_output()


@export("test.last_words")
def print_last_words() -> None:
    """What a test sees of the end of the process."""
    put(*text("last words\n"))


@export("test.start")
def start(arena_bytes: i64) -> None:
    set_thread_struct(machine, first_machine)
    init_scheduler()
    configure(10, arena_bytes)
    init_layouts()
    stack_scanner.value = function_address(scan)
    trace_hook.value = function_address(print_trace)
    last_words.value = function_address(print_last_words)


@export("test.enter")
def enter() -> None:
    """The calling thread uses this heap from here on: another heap in the process may have set its machine."""
    set_thread_struct(machine, first_machine)


@export("test.configure")
def set_option(key: u64, value: i64) -> i64:
    return configure(key, value)


@export("test.root")
def set_root(number: u64, value: addr) -> None:
    roots[number] = value


@export("test.malloc")
def malloc(size_bytes: u64, type: addr) -> addr:
    return alloc_any(size_bytes, type, True)


@export("test.alloc")
def alloc_layout(layout: addr) -> addr:
    return alloc(layout, 0)


@export("test.pointer")
def store_pointer(slot: addr, value: addr) -> None:
    """A store of a pointer, with write barrier."""
    old = load_addr(slot)
    store_addr(slot, value)
    if is_marking.value != 0:
        shade(old, value)


@export("test.collect")
def run_cycle() -> None:
    collect(True)


@export("test.begin")
def begin_cycle() -> None:
    """Begins to mark, unless the collector does."""
    if is_marking.value == 0 and try_start_cycle(False):
        cycles.is_stopped = 0
        release_world()


@export("test.slice")
def run_slice(addresses: i64) -> None:
    """Marks so many addresses if the collector marks, else sweeps one span."""
    if is_marking.value == 0:
        sweep_some(1)
        return
    settings[MARK_STEP] = addresses
    mark_slice(WORKER_SHARE, 0, 0)
    settings[MARK_STEP] = 0


@export("test.find")
def find(where: addr) -> addr:
    flush_mcaches()
    return find_object(where)


@export("test.size")
def size(where: addr) -> u64:
    span = span_of(where)
    return 0 if is_null(span) else span.elem_bytes


@export("test.check")
def check_all() -> None:
    check_heap()
    check_specials()
    check_samples()


@export("test.live")
def live() -> u64:
    flush_mcaches()
    return mheap.live


@export("test.objects")
def objects() -> u64:
    flush_mcaches()
    return mheap.objects_allocated - mheap.objects_freed


@export("test.cycles")
def cycle_count() -> u64:
    return cycles.count


@export("test.pages")
def pages_in_use() -> u64:
    return mheap.pages_in_use


@export("test.scavenge")
def scavenge() -> None:
    """What the background scavenger does until no goal is exceeded."""
    while scavenge_some() != 0:
        pass


@export("test.pause_ns")
def pause_ns() -> u64:
    return cycles.pause_total_ns


@export("test.setfinalizer")
def test_set_finalizer(object: addr, closure: addr) -> bool:
    return set_finalizer(object, closure)


@export("test.addcleanup")
def test_add_cleanup(object: addr, closure: addr) -> u64:
    return add_cleanup(object, closure)


@export("test.stopcleanup")
def test_stop_cleanup(object: addr, id: u64) -> None:
    stop_cleanup(object, id)


@export("test.weakhandle")
def test_weak_handle(object: addr) -> addr:
    return weak_handle(object)


@export("test.weakload")
def test_weak_load(handle: addr) -> addr:
    return weak_load(handle)


@export("test.taken")
def taken(object: addr, closure: addr) -> u64:
    return take_queued(object, closure)


@export("test.environment")
def environment(table: addr) -> None:
    read_environment(table)


# --- Samples: the records have no stack, so there is one for each size ------------------------------


@export("test.takesample")
def take_sample(object: addr, size_bytes: u64) -> None:
    add_sample(object, sample_record(size_bytes))


@kernel
def sample_record(size_bytes: u64) -> StackRecord:
    """The record of a size."""
    return record_of(HEAP_PROFILE, size_bytes, field_address(roots), 0)


@export("test.samplebytes")
def set_sample_bytes(rate: i64) -> None:
    """Sets the rate, and counts samples from here on."""
    sample_hook.value = function_address(take_sample)
    configure(SAMPLE_BYTES, rate)


@export("test.distance")
def distance() -> u64:
    return draw_distance(mcache())


@export("test.sampled")
def sampled(size_bytes: u64) -> u64:
    record = sample_record(size_bytes)
    return record.allocs + record.new_allocs


@export("test.published")
def published(size_bytes: u64) -> u64:
    heap_records()
    return sample_record(size_bytes).allocs


@export("test.publishedfrees")
def published_frees(size_bytes: u64) -> u64:
    heap_records()
    return sample_record(size_bytes).frees


# --- Slices and strings: results of several words are stored at ``out`` -----------------------------


@goroutine("test.growslice")
def test_growslice(out: addr, old: addr, new_length: i64, old_capacity: i64, added: i64, elem: addr) -> None:
    data, length, capacity = growslice(old, new_length, old_capacity, added, elem)
    store_addr(out, data)
    store_i64(out + 8, length)
    store_i64(out + 16, capacity)


@goroutine("test.concat")
def test_concat(out: addr, strings: addr, count: u64) -> None:
    data, length = concatstrings(strings, count)
    store_addr(out, data)
    store_u64(out + 8, length)


@goroutine("test.bytestostring")
def test_bytes_to_string(out: addr, data: addr, length: u64) -> None:
    made, made_length = slicebytetostring(data, length)
    store_addr(out, made)
    store_u64(out + 8, made_length)


@goroutine("test.stringtobytes")
def test_string_to_bytes(out: addr, data: addr, length: u64) -> None:
    made, made_length, capacity = stringtoslicebyte(data, length)
    store_addr(out, made)
    store_u64(out + 8, made_length)
    store_u64(out + 16, capacity)


@goroutine("test.runestostring")
def test_runes_to_string(out: addr, data: addr, length: u64) -> None:
    made, made_length = slicerunetostring(data, length, length)
    store_addr(out, made)
    store_u64(out + 8, made_length)


@goroutine("test.stringtorunes")
def test_string_to_runes(out: addr, data: addr, length: u64) -> None:
    made, made_length, capacity = stringtoslicerune(data, length)
    store_addr(out, made)
    store_u64(out + 8, made_length)
    store_u64(out + 16, capacity)


@goroutine("test.intstring")
def test_intstring(out: addr, value: i64) -> None:
    made, made_length = intstring(value)
    store_addr(out, made)
    store_u64(out + 8, made_length)


@goroutine("test.decoderune")
def test_decoderune(out: addr, data: addr, length: u64, at: u64) -> None:
    rune, behind = decoderune(data, length, at)
    store_i64(out, to_i64(rune))
    store_u64(out + 8, behind)


@goroutine("test.cmpstring")
def test_cmpstring(left: addr, left_length: u64, right: addr, right_length: u64) -> i64:
    return cmpstring(left, left_length, right, right_length)


# --- Binary trees -----------------------------------------------------------------------------------


@kernel
def bottom_up(depth: u64) -> addr:
    """A tree of nodes with two pointers."""
    if depth == 0:
        return alloc(field_address(centrals[ALL_POINTERS_BASE + NODE_CLASS]), 16)
    left = bottom_up(depth - 1)
    right = bottom_up(depth - 1)
    node = alloc(field_address(centrals[ALL_POINTERS_BASE + NODE_CLASS]), 16)
    store_addr(node, left)
    store_addr(node + 8, right)
    return node


@kernel
def count_nodes(node: addr) -> u64:
    """Nodes of a tree."""
    if to_u64(load_addr(node)) == 0:
        return 1
    return 1 + count_nodes(load_addr(node)) + count_nodes(load_addr(node + 8))


@export("test.trees")
def trees(depth: u64) -> u64:
    """The benchmark binary-trees; gives the sum of all checks."""
    # Locals of this frame lie above its frame pointer only if it is not the scan's base: leave room.
    stack_base.value = frame_address()
    return run_trees(depth)


@kernel
def run_trees(depth: u64) -> u64:
    """The benchmark's loops."""
    total = count_nodes(bottom_up(depth + 1))
    long_lived = bottom_up(depth)
    roots[0] = long_lived
    at: u64 = 4
    while at <= depth:
        times: u64 = 1 << (depth - at + 4)
        while times > 0:
            total += count_nodes(bottom_up(at))
            times -= 1
        at += 2
    total += count_nodes(long_lived)
    return total
