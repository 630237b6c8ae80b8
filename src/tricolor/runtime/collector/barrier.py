"""Write barrier: Go's hybrid of a deletion and an insertion barrier, after Yuasa and Dijkstra.

Terms:
    slot             a word of memory that goroutines share and that holds a pointer
    old, new         the pointer that a store overwrites, the pointer that it stores
    barrier buffer   the processor's list of shaded pointers (``Processor.barrier``)

How it works: while ``marking`` is 1, each store of a pointer to shared memory shades old and new. *Old*, since a goroutine whose
stack was scanned may hold, or load later, what only this slot still led to. *New*, since a goroutine whose stack was not scanned
may put what only its stack holds into an object that was. Stacks themselves are stored to without a barrier, and are scanned once.

A store comes first and the test of ``marking`` after it. Who is stopped between the two holds both pointers in registers, where
a scan finds them.

To shade means to append to the buffer. A flush moves a full buffer onto the mark stack: what lies in the heap and has no mark. The
collector flushes all buffers before it looks whether any work is left. Bulk copies shade straight onto the mark stack.

Compiled Go code calls ``tricolor.barrier`` with old and new. It keeps all registers but r11 and the vector registers, so that the code
around the store need not save any; calls on the goroutine's stack, 144 bytes with a flush, fit into GUARD_BYTES. Kernels call shade().

GODEBUG=gcbarrier=1 keeps ``marking`` at 1. Outside of cycles a flush only checks what was shaded, and drops it.

Invariants:
    1. A pointer that is shaded MUST lie outside the heap or in an allocated object. Otherwise the marker would mark free memory.
       Checked by check_shaded().
    2. Buffers MUST be empty when a cycle begins to mark and when it sweeps. Otherwise pointers to freed objects would be marked,
       or live objects freed. Checked by check_barrier_buffers().

Source:
    Go 1.27.3 runtime/mbarrier.go, mwbbuf.go, asm_amd64.s (gcWriteBarrier).

Differs from Go:
    Go tests first and stores after, and nothing may stop a goroutine in between. Go marks objects when it flushes; here the
    marker does. A goroutine that a signal stops between the load of old and its store, before a cycle begins, shades an old pointer
    that the slot may no longer hold: ``scheduler.scan`` shades what the slot holds.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    addr,
    asm,
    check,
    count_trailing_zeros_u64,
    is_null,
    kernel,
    load_addr,
    load_u8,
    naked,
    stack_struct,
    systemstack,
    to_addr,
    to_u64,
    u64,
)
from tricolor.runtime.abi_types import GoType
from tricolor.runtime.allocator.marking import is_marking, marking
from tricolor.runtime.allocator.marks import is_marked
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.allocator.sizes import BARRIER_WORDS
from tricolor.runtime.allocator.spans import elem_index, find_object, span_of
from tricolor.runtime.collector.mark import value_type
from tricolor.runtime.collector.roots import in_heap, push
from tricolor.runtime.collector.typed_rows import Row, find_row, has_mask
from tricolor.runtime.records.machine import Machine, machine
from tricolor.runtime.records.processor import Processor, first_processor
from tricolor.runtime.settings_keys import BARRIER

# --- Shading one pointer --------------------------------------------------------------------------


@naked("tricolor.barrier")
def barrier(old: addr, new: addr) -> None:
    """Shades two pointers; keeps all registers but r11 and the vector registers (``preserve_mostcc``)."""
    asm(f"""
        pushq %rax
        movq %gs:{Machine.processor}, %r11
        movq {Processor.barrier.count}(%r11), %rax
        movq %rdi, {Processor.barrier.entries}(%r11,%rax,8)
        movq %rsi, {Processor.barrier.entries} + 8(%r11,%rax,8)
        addq $2, %rax
        movq %rax, {Processor.barrier.count}(%r11)
        cmpq ${BARRIER_WORDS}, %rax
        jae 1f
        popq %rax
        retq
    1:
        pushq %rcx
        pushq %rdx
        pushq %rsi
        pushq %rdi
        pushq %r8
        pushq %r9
        pushq %r10
        subq $8, %rsp
        callq tricolor.flush_barrier
        addq $8, %rsp
        popq %r10
        popq %r9
        popq %r8
        popq %rdi
        popq %rsi
        popq %rdx
        popq %rcx
        popq %rax
        retq
    """)


@systemstack("tricolor.shade")
def shade(old: addr, new: addr) -> None:
    """Shades what a store has overwritten and what it has stored."""
    buffer = machine.processor.barrier
    buffer.entries[buffer.count] = old
    buffer.entries[buffer.count + 1] = new
    buffer.count += 2
    if buffer.count >= BARRIER_WORDS:
        flush_barrier_buffer(machine.processor)


@kernel
def check_shaded(pointer: addr) -> None:
    """Invariant 1."""
    check(1, not in_heap(pointer) or find_object(pointer) != 0, "check_shaded: the write barrier shades a pointer to free memory")


@kernel
def shade_now(pointer: addr) -> None:
    """Puts a pointer onto the mark stack if its object has no mark; drops it if no cycle marks."""
    check_shaded(pointer)
    if is_marking.value != 0 and in_heap(pointer):
        span = span_of(pointer)
        if not is_null(span):
            elem = elem_index(span, pointer)
            if elem < span.nelems and not is_marked(span, elem):
                push(pointer)


# --- Buffers --------------------------------------------------------------------------------------


@kernel
def flush_barrier_buffer(processor: Processor) -> None:
    """Empties the buffer of a processor."""
    buffer = processor.barrier
    last = to_addr(0)
    for at in range(buffer.count):
        pointer = buffer.entries[at]
        # Loops shade one pointer again and again.
        if pointer != last:
            shade_now(pointer)
            last = pointer
    buffer.count = 0


@systemstack("tricolor.flush_barrier")
def flush_barrier() -> None:
    """Empties the buffer of the calling thread's processor."""
    flush_barrier_buffer(machine.processor)


@kernel
def flush_barrier_buffers() -> None:
    """Empties the buffers of all processors. No goroutine may run."""
    each = first_processor
    while not is_null(each):
        flush_barrier_buffer(each)
        each = each.all_link


@kernel
def check_barrier_buffers() -> None:
    """Invariant 2."""
    each = first_processor
    while not is_null(each):
        check(1, each.barrier.count == 0, "check_barrier_buffers: a barrier buffer is not empty")
        each = each.all_link


@kernel
def begin_shading() -> None:
    """Turns the barrier on; a cycle calls it while no goroutine runs, when the mark stack is ready.

    A goroutine that a signal stopped between its test of ``marking`` and its call of the barrier may have shaded since the last
    cycle: that is dropped, and may point to memory that is free by now.
    """
    each = first_processor
    while not is_null(each):
        each.barrier.count = 0
        each = each.all_link
    is_marking.value = 1
    marking.value = 1


@kernel
def end_shading() -> None:
    """Turns the barrier off; a cycle calls it while no goroutine runs, when all is marked."""
    check_barrier_buffers()
    is_marking.value = 0
    marking.value = 1 if settings[BARRIER] != 0 else 0


# --- Shading before bulk copies -------------------------------------------------------------------


@systemstack("tricolor.shade_values")
def shade_values(type: GoType, target: addr, source: addr, length_bytes: u64) -> None:
    """Shades the pointers in ``target``, which values of a type will overwrite, and those in ``source``; source 0: there are none."""
    shade_area(type, target, length_bytes)
    if source != 0:
        shade_area(type, source, length_bytes)


@systemstack("tricolor.shade_elements")
def shade_elements(bitmap: u64, elem_bytes: u64, target: addr, source: addr, length_bytes: u64) -> None:
    """As shade_values(), for elements of up to 64 words with that pointer bitmap."""
    shade_row(bitmap, elem_bytes, target, length_bytes)
    if source != 0:
        shade_row(bitmap, elem_bytes, source, length_bytes)


@kernel
def shade_row(bitmap: u64, elem_bytes: u64, low: addr, length_bytes: u64) -> None:
    """Shades the pointers in a row of elements."""
    at = low
    end = low + length_bytes
    while at < end:
        bits = bitmap
        while bits != 0:
            shade_now(load_addr(at + count_trailing_zeros_u64(bits) * 8))
            bits &= bits - 1
        at = at + elem_bytes


@kernel
def shade_area(type: GoType, low: addr, length_bytes: u64) -> None:
    """Shades the pointers in a row of values of a type."""
    one = value_type(type)
    if one.pointer_bytes == 0:
        return
    at = low
    end = low + length_bytes
    while at < end:
        if has_mask(one):
            shade_value(one.gc_data, one.pointer_bytes, at)
        else:
            shade_parts(one, at)
        at = at + one.size_bytes


@kernel
def shade_parts(type: GoType, base: addr) -> None:
    """Shades the pointers in one value of a type without bitmap."""
    row = stack_struct(Row)
    at = base
    while at < base + type.pointer_bytes:
        find_row(row, type, base, at)
        if not is_null(row.type):
            value = row.start
            while value < row.end:
                shade_value(row.type.gc_data, row.type.pointer_bytes, value)
                value = value + row.type.size_bytes
        at = row.end


@kernel
def shade_value(mask: addr, pointer_bytes: u64, low: addr) -> None:
    """Shades the pointers in one value, by the pointer bitmap of its type."""
    byte: u64 = 0
    while byte * 64 < pointer_bytes:
        bits = to_u64(load_u8(mask + byte))
        while bits != 0:
            shade_now(load_addr(low + (byte * 8 + count_trailing_zeros_u64(bits)) * 8))
            bits &= bits - 1
        byte += 1
