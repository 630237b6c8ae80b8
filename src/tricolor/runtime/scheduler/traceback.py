"""Call stacks: walks the frames of goroutines, and names the functions and lines of their addresses (``traces`` prints them).

Symbol table: whoever loads the program gives it to ``tricolor.set_symbols`` as the address of a SymbolTable. It MUST
stay in memory until the program ends. All offsets into ``strings`` are bytes; every text ends with a zero byte.

* ``rows``: ``row_count`` records of 8 bytes {pc u32, frame u32}, by ascending pc: from pc up to the next row's
  the innermost function is ``frames[frame]``; NO_FRAME: none of ours (the end of a function, padding).
* ``frames``: ``frame_count`` records of 28 bytes {entry u32, function u32, file u32, line u32, parent u32, flags u32,
  start_line u32}:
  entry of the machine function, name and file as offsets into ``strings``, line of the call or statement, the
  frame that this one was inlined into (NO_FRAME: none), flags (FLAG_WRAPPER, FLAG_INIT).

Every pc and entry counts from ``base``, the address of the program's image, so that the records are the same for an
image at any address.

Frames are walked by frame pointers. A function that runs on a segment of its own returns into __morestack (its return
address is ``morestack_return()``); the frame of __morestack above it holds, 16 bytes up, the address in the caller.

Functions that the compiler made to call another one are left out, also those of package runtime that do no more (callClosure). A
wrapper that itself panics, called with a nil pointer, counts, as in Go.

Source:
    Go 1.27.3 runtime/traceback.go (tracebackPCs), internal/abi/funcpc.go, runtime/symtab.go (elideWrapperCalling).
"""

from __future__ import annotations

from typing import Final

from tricolor.abi.frames import FLAG_INIT, FLAG_WRAPPER
from tricolor.abi.prefix import PREFIX_FLAGS_MASK, PREFIX_MAGIC, PREFIX_WRAPPER
from tricolor.kernel.lang import (
    Struct,
    addr,
    as_struct,
    export,
    global_struct,
    i64,
    kernel,
    load_u8,
    load_u32,
    load_u64,
    load_unaligned_u32,
    stack_struct,
    store_u64,
    systemstack,
    text,
    to_addr,
    to_i64,
    to_u64,
    u32,
    u64,
)
from tricolor.kernel.registers import SAVED_RBP_OFFSET
from tricolor.runtime.records.goroutine import G
from tricolor.runtime.records.machine import machine
from tricolor.runtime.scheduler.context import morestack_return
from tricolor.runtime.scheduler.signals import SignalContext
from tricolor.runtime.system.output import c_text_length

NO_FRAME: Final = 0xFFFF_FFFF
# Machine code of x86-64, by which a walk sees whether the innermost function has set its frame pointer.
PUSH_AND_SET_FRAME: Final = 0xE589_4855
SETUP_WITHIN_BYTES: Final = 96
POP_FRAME: Final = 0x5D
RETURN: Final = 0xC3
JUMP_NEAR: Final = 0xE9
JUMP_SHORT: Final = 0xEB
JUMP_INDIRECT: Final = 0xFF
VECTOR_PREFIX: Final = 0xC5
# How far up from the stack pointer the call of a function without frames is looked for.
SEARCHED_BYTES: Final = 256
PREFIX_BYTES: Final = 8
ROW_BYTES: Final = 8
FRAME_BYTES: Final = 28
# An address of runtime.callers with this bit is no address: it stands for a function into which another one was
# inlined, and is twice the index of its frame plus one. Package runtime looks up such an address minus one.
FRAME_INDEX_BIT: Final = 1 << 63
DIGIT_0: Final = 48
DIGIT_9: Final = 57


class SymbolTable(Struct):
    """What the loader gives to ``tricolor.set_symbols``."""

    base: addr
    row_count: u64
    rows: addr
    frame_count: u64
    frames: addr
    strings: addr


class SymbolFrame(Struct):
    """One record of ``frames``."""

    entry: u32
    function: u32
    file: u32
    line: u32
    parent: u32
    flags: u32
    start_line: u32


class Walk(Struct):
    """A walk over the frames of a goroutine, innermost first."""

    fp: addr
    pc: u64
    morestack_fp: addr
    return_pc: u64
    """Return address of the innermost function while its frame pointer is still or again its caller's; else 0."""


class PcSymbol(Struct):
    """What ``runtime.symbolize`` fills in (pcSymbol in goroot/files/runtime/symtab.go)."""

    function: addr
    function_bytes: u64
    file: addr
    file_bytes: u64
    line: u64
    entry: u64
    start_line: u64
    inlined: u64


_symbols = global_struct(SymbolTable)


@export("tricolor.set_symbols")
def set_symbols(table: SymbolTable) -> None:
    """Takes the symbol table (see the head of this module); the records are not copied."""
    _symbols.base = table.base
    _symbols.row_count = table.row_count
    _symbols.rows = table.rows
    _symbols.frame_count = table.frame_count
    _symbols.frames = table.frames
    _symbols.strings = table.strings


# --- Symbols --------------------------------------------------------------------------------------


@kernel
def frame_index_of(pc: u64) -> u64:
    """The innermost frame at an address; NO_FRAME if it is not in the table."""
    offset = pc - to_u64(_symbols.base)
    low: u64 = 0
    high = _symbols.row_count
    while low < high:
        middle = (low + high) // 2
        if to_u64(load_u32(_symbols.rows + middle * ROW_BYTES)) <= offset:
            low = middle + 1
        else:
            high = middle
    if low == 0:
        return NO_FRAME
    return to_u64(load_u32(_symbols.rows + (low - 1) * ROW_BYTES + 4))


@kernel
def frame_at(index: u64) -> SymbolFrame:
    """The frame with that index."""
    return as_struct(SymbolFrame, _symbols.frames + index * FRAME_BYTES)


@kernel
def entry_of(frame: SymbolFrame) -> u64:
    """Address of the machine function that a frame belongs to."""
    return to_u64(_symbols.base) + to_u64(frame.entry)


@kernel
def image_start() -> addr:
    """Address of the program's image."""
    return _symbols.base


@kernel
def code_flags_at(pc: u64) -> u64:
    """The flags before the code of the function that has an instruction at this address; 0 if it is no compiled Go code."""
    index = frame_index_of(pc)
    return 0 if index == NO_FRAME else _function_flags(frame_at(index))


@kernel
def frame_of(pc: u64) -> u64:
    """The innermost frame at an address, or the frame that a marked address stands for."""
    if pc & FRAME_INDEX_BIT != 0:
        return (pc & 0xFFFF_FFFF_FFFF) >> 1
    return frame_index_of(pc)


# --- Names -------------------------------------------------------------------------------------------


@kernel
def has_symbols() -> bool:
    """Whether the program has a symbol table."""
    return _symbols.row_count != 0


@kernel
def name_of(frame: SymbolFrame) -> addr:
    """Name of the function, a C text."""
    return _symbols.strings + to_u64(frame.function)


@kernel
def file_of(frame: SymbolFrame) -> addr:
    """Name of the file, a C text."""
    return _symbols.strings + to_u64(frame.file)


@kernel
def starts_with(text: addr, prefix: addr, prefix_bytes: u64) -> bool:
    """Whether a C text starts with the other text."""
    at: u64 = 0
    while at < prefix_bytes:
        if load_u8(text + at) != load_u8(prefix + at):
            return False
        at += 1
    return True


@kernel
def code_flags(frame: SymbolFrame) -> u64:
    """The flags before a function's code; 0 for an inlined function, which has no code of its own."""
    return 0 if to_u64(frame.parent) != NO_FRAME else _function_flags(frame)


@kernel
def _function_flags(frame: SymbolFrame) -> u64:
    """The flags before the code that a frame belongs to."""
    prefix = load_u64(to_addr(entry_of(frame) - PREFIX_BYTES))
    # Kernel functions have no prefix: what stands before them is other code or padding, which never looks like one.
    return prefix & PREFIX_FLAGS_MASK if prefix & ~PREFIX_FLAGS_MASK == PREFIX_MAGIC else 0


@kernel
def _panics_for_wrapper(callee: u64) -> bool:
    """Whether the function, which a wrapper has called, raises the panic for a nil pointer that the wrapper got."""
    if callee == NO_FRAME:
        return False
    name = name_of(frame_at(callee))
    if starts_with(name, *text("runtime.panicmem\0")) or starts_with(name, *text("runtime.panicwrap")):
        return True
    return starts_with(name, *text("runtime.gopanic\0"))


@kernel
def _is_init_function(callee: u64) -> bool:
    """Whether the function is one that the program calls init: its name ends with a number."""
    if callee == NO_FRAME:
        return False
    name = name_of(frame_at(callee))
    last = load_u8(name + c_text_length(name) - 1)
    return last >= DIGIT_0 and last <= DIGIT_9


@kernel
def is_left_out(frame: SymbolFrame, callee: u64) -> bool:
    """Whether the compiler made the function to call another one. ``callee`` is the frame that it called; NO_FRAME: none."""
    if frame.flags & FLAG_INIT != 0:
        # Go's runtime itself calls the functions that a program calls init.
        return _is_init_function(callee)
    return (frame.flags & FLAG_WRAPPER != 0 or code_flags(frame) & PREFIX_WRAPPER != 0) and not _panics_for_wrapper(callee)


# --- Walking --------------------------------------------------------------------------------------


@kernel
def walk_from(walk: Walk, fp: addr, morestack_fp: addr) -> bool:
    """Starts at the function that made the frame's call; False if there is none."""
    walk.fp = fp
    walk.morestack_fp = morestack_fp
    walk.return_pc = 0
    return walk_next(walk)


@kernel
def walk_start(walk: Walk, g: G) -> bool:
    """Starts a walk over a goroutine's frames; ``walk.pc`` is an address in the innermost function.

    The running goroutine is walked from where it entered the system stack, one that a signal stopped from its registers.
    """
    if g.interrupted != 0:
        return _walk_from_registers(walk, as_struct(SignalContext, g.interrupted), g.segment.top)
    if g is machine.g:
        return walk_from(walk, machine.goroutine_fp, g.morestack_fp)
    return walk_from(walk, g.sp + SAVED_RBP_OFFSET, g.morestack_fp)


@kernel
def _walk_from_registers(walk: Walk, context: SignalContext, top: addr) -> bool:
    """Starts at the function in which a signal stopped the goroutine."""
    walk.fp = to_addr(context.rbp)
    walk.morestack_fp = 0
    walk.return_pc = 0
    pc = context.rip
    sp = to_addr(context.rsp)
    if frame_index_of(pc) == NO_FRAME:
        return _walk_from_call(walk, sp, top)
    # Traces look up a return address minus one.
    walk.pc = pc + 1
    setup = _frame_setup(pc)
    if pc <= setup or _ends_at(pc):
        walk.return_pc = load_u64(sp)
    elif pc == setup + 1:
        walk.return_pc = load_u64(sp + 8)
    return True


@kernel
def _walk_from_call(walk: Walk, sp: addr, top: addr) -> bool:
    """Starts at the Go function that called kernel code or C: the first return address from the stack pointer up tells it."""
    at = sp
    while at < top and at < sp + SEARCHED_BYTES:
        pc = load_u64(at)
        if frame_index_of(pc - 1) != NO_FRAME:
            if at == walk.fp + 8:
                walk.fp = to_addr(load_u64(walk.fp))
            walk.pc = pc
            return True
        at = at + 8
    return walk_next(walk)


@kernel
def _frame_setup(pc: u64) -> u64:
    """Where the function pushes the frame pointer; 0 if that is not near its beginning."""
    entry = entry_of(frame_at(frame_index_of(pc)))
    for distance in range(SETUP_WITHIN_BYTES):
        if load_unaligned_u32(to_addr(entry + distance)) == PUSH_AND_SET_FRAME:
            return entry + distance
    return 0


@kernel
def _ends_at(pc: u64) -> bool:
    """Whether the instruction is a return, or what follows the pop of the frame pointer: a jump to another function or vzeroupper."""
    first = load_u8(to_addr(pc))
    if first == RETURN:
        return True
    if load_u8(to_addr(pc - 1)) != POP_FRAME:
        return False
    return first == JUMP_NEAR or first == JUMP_SHORT or first == JUMP_INDIRECT or first == VECTOR_PREFIX


@kernel
def walk_next(walk: Walk) -> bool:
    """Goes on to the caller; False at the end of the stack."""
    fp = walk.fp
    if fp == 0:
        return False
    if walk.return_pc != 0:
        walk.pc = walk.return_pc
        walk.return_pc = 0
        if walk.pc == to_u64(morestack_return()):
            walk.pc = load_u64(fp + 16)
            walk.fp = to_addr(load_u64(fp))
        return walk.pc != 0
    pc = load_u64(fp + 8)
    if fp == walk.morestack_fp:
        # The prologue of a function that has no frame yet; its caller's address follows.
        walk.morestack_fp = 0
        pc = load_u64(fp + 16)
    elif pc == to_u64(morestack_return()):
        fp = to_addr(load_u64(fp))
        pc = load_u64(fp + 16)
    walk.fp = to_addr(load_u64(fp))
    walk.pc = pc
    return pc != 0


@systemstack("runtime.callers")
def callers(skip: i64, into: addr, count: i64) -> i64:
    """Return addresses of the calls that led here, innermost first: skip 0 starts in the function that called this.

    A function into which another was inlined has an entry of its own (FRAME_INDEX_BIT).
    """
    return to_i64(store_callers(to_u64(skip), into, to_u64(count)))


@kernel
def store_callers(skip: u64, into: addr, most: u64) -> u64:
    """As runtime.callers, for code on the system stack: the stack of the running goroutine from where it entered that stack."""
    walk = stack_struct(Walk)
    return store_walk(walk, walk_from(walk, machine.goroutine_fp, 0), skip, into, most)


@kernel
def store_goroutine(g: G, into: addr, most: u64) -> u64:
    """The same for any goroutine; to be called on the system stack."""
    walk = stack_struct(Walk)
    return store_walk(walk, walk_start(walk, g), 0, into, most)


@kernel
def store_walk(walk: Walk, starts: bool, skip: u64, into: addr, most: u64) -> u64:
    """Stores what a walk finds; gives the number of addresses."""
    left = skip
    done: u64 = 0
    callee: u64 = NO_FRAME
    going = starts
    while going and done < most:
        found, left, callee = store_frames(walk.pc, callee, left, into + done * 8, most - done)
        done += found
        going = walk_next(walk)
    return done


@kernel
def store_frames(pc: u64, callee: u64, skip: u64, into: addr, most: u64) -> tuple[u64, u64, u64]:
    """Stores a return address, and an entry for each function into which the one there was inlined, but the first ``skip``.

    ``callee`` is the frame that was called there. Gives the number of entries, how many are still to be skipped, and the outermost frame.
    """
    left = skip
    done: u64 = 0
    called = callee
    index = frame_index_of(pc - 1)
    place = pc
    while done < most:
        if index == NO_FRAME or not is_left_out(frame_at(index), called):
            if left > 0:
                left -= 1
            else:
                store_u64(into + done * 8, place)
                done += 1
        if index == NO_FRAME:
            break
        called = index
        index = to_u64(frame_at(index).parent)
        if index == NO_FRAME:
            break
        place = FRAME_INDEX_BIT | (index * 2 + 1)
    return done, left, called


@systemstack("runtime.symbolize")
def symbolize(pc: u64, into: PcSymbol) -> bool:
    """Names the function at an address; False if it is not known. ``inlined``: an address that stands for it, if it is inlined."""
    index = frame_of(pc)
    if index == NO_FRAME:
        return False
    frame = frame_at(index)
    into.function = name_of(frame)
    into.function_bytes = c_text_length(into.function)
    into.file = file_of(frame)
    into.file_bytes = c_text_length(into.file)
    into.line = to_u64(frame.line)
    into.entry = entry_of(frame)
    into.start_line = to_u64(frame.start_line)
    into.inlined = 0 if to_u64(frame.parent) == NO_FRAME else FRAME_INDEX_BIT | (index * 2)
    return True
