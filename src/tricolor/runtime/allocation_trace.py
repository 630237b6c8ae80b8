"""GODEBUG=allocfreetrace=1: every allocation, free and collection on standard error, with the stacks that led there.

::

    tracealloc(0xc000010000, 0x18, main.T)
    goroutine 1 [running]:
    main.grow(...)
            /src/main.go:9 +0x1d

    tracefree(0xc000010000, 0x18, main.T)
    tracegc()

How: the entries of ``mutator.malloc`` note the type descriptor (``mutator.requests``; three small numbers stand for boxes whose
descriptor is unknown); memory without a type, such as a text, has none. The type is kept in a table of one word per heap word,
so that a free can name it. A program is compiled with accounting to be traced: otherwise codegen allocates small values
by layout, and the trace does not learn their types.

Source:
    Go 1.20 runtime/mprof.go (tracealloc, tracefree, tracegc); Go 1.21 removed it.

Differs from Go:
    A free names the type. Functions of package runtime are left out of stacks, as in all traces.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    addr,
    as_struct,
    export,
    extern_global,
    field_address,
    function_address,
    global_value,
    kernel,
    load_addr,
    load_u8,
    store_addr,
    text,
    to_addr,
    to_i64,
    to_u64,
    u64,
)
from tricolor.runtime.abi_types import TFLAG_EXTRA_STAR, GoType
from tricolor.runtime.allocator.accounting import TRACE_FREE, TRACE_MALLOC, trace_hook
from tricolor.runtime.allocator.heap_types import mheap
from tricolor.runtime.allocator.sizes import HEADER_BYTES, KIND_HEADER, PAGE_SHIFT
from tricolor.runtime.allocator.spans import span_of
from tricolor.runtime.mutator.requests import BOX_OF_BYTES, BOX_OF_NUMBER, BOX_OF_TEXT, take_wanted_type
from tricolor.runtime.scheduler.trace_level import LEVEL_ALL, LEVEL_USER
from tricolor.runtime.scheduler.traces import put_goroutines
from tricolor.runtime.system.memory import reserve
from tricolor.runtime.system.output import flush_output, put, put_hex
from tricolor.runtime.system.output_lock import begin_output, end_output
from tricolor.runtime.system.stop import last_words

# Descriptors lie far above.
LAST_BOX: Final = 4096
MORE_DIGITS: Final = 0x80

offsets = extern_global("tricolor.offsets", addr)
# Type of each heap object by its address; 0 until the first allocation is traced.
_types = global_value(addr)


@kernel
def install_trace() -> None:
    """Gives the allocator the code to call for each event, and at the end of the process."""
    trace_hook.value = function_address(trace)
    last_words.value = function_address(show_goroutine)


@export("tricolor.show_goroutine")
def show_goroutine() -> None:
    """Shows the goroutines before the process ends because memory is exhausted."""
    put(*text("\n"))
    put_goroutines(LEVEL_ALL, True)


@export("tricolor.trace_memory")
def trace(kind: u64, object: addr, size_bytes: u64) -> None:
    """Called by the memory manager on the system stack."""
    begin_output()
    if kind == TRACE_MALLOC:
        type = take_wanted_type()
        _remember(object, type)
        _put_event(*text("tracealloc(0x"), object, size_bytes, type)
        _put_stacks(False)
    elif kind == TRACE_FREE:
        type = _recall(object)
        _remember(object, to_addr(0))
        _put_event(*text("tracefree(0x"), object, size_bytes, type)
        _put_stacks(False)
    else:
        put(*text("tracegc()\n"))
        _put_stacks(True)
        put(*text("end tracegc\n\n"))
    flush_output()
    end_output()


@kernel
def _put_stacks(show_all: bool) -> None:
    put_goroutines(LEVEL_USER, show_all)
    put(*text("\n"))


@kernel
def _remember(object: addr, type: addr) -> None:
    if _types.value == 0:
        _types.value = reserve(to_addr(0), mheap.arena_pages << PAGE_SHIFT)
    if _types.value != 0:
        store_addr(_types.value + (object - mheap.arena_start), type)


@kernel
def _recall(object: addr) -> addr:
    if _types.value == 0:
        return to_addr(0)
    return load_addr(_types.value + (object - mheap.arena_start))


@kernel
def _put_event(word: addr, word_bytes: u64, object: addr, size_bytes: u64, type: addr) -> None:
    """``WORD address, 0xsize, type)``: for an object after a header word, address and size of the object alone."""
    put(word, word_bytes)
    header: u64 = HEADER_BYTES if span_of(object).kind == KIND_HEADER else 0
    put_hex(to_u64(object) + header)
    put(*text(", 0x"))
    put_hex(size_bytes - header)
    if type != 0:
        put(*text(", "))
        _put_type(type)
    put(*text(")\n"))


@kernel
def _put_type(type: addr) -> None:
    number = to_u64(type)
    if number > LAST_BOX:
        _put_type_name(as_struct(GoType, type))
    elif number == BOX_OF_NUMBER:
        put(*text("uint64"))
    elif number == BOX_OF_TEXT:
        put(*text("string"))
    elif number == BOX_OF_BYTES:
        put(*text("[]uint8"))


@kernel
def _put_type_name(type: GoType) -> None:
    """The text of internal/abi.Name: flags, length in groups of seven bits, bytes."""
    offset = to_i64(type.name_offset)
    if offset < 0:
        put(*text("type of package reflect"))
        return
    at = load_addr(field_address(offsets) + to_u64(offset) * 8) + 1
    length: u64 = 0
    shift: u64 = 0
    while to_u64(load_u8(at)) & MORE_DIGITS != 0:
        length |= (to_u64(load_u8(at)) & 127) << shift
        shift += 7
        at += 1
    length |= to_u64(load_u8(at)) << shift
    star: u64 = 1 if to_u64(type.flags) & TFLAG_EXTRA_STAR != 0 else 0
    put(at + 1 + star, length - star)


__all__ = ["install_trace", "trace"]
