"""Goroutine traces: walks the frames, and names the functions and lines of their addresses.

Symbol table: whoever loads the program gives it to ``tricolor.set_symbols`` as the address of a SymbolTable. It MUST
stay in memory until the program ends. All offsets into ``strings`` are bytes; every text ends with a zero byte.

* ``rows``: ``row_count`` records of 8 bytes {pc u32, frame u32}, by ascending pc: from pc up to the next row's
  the innermost function is ``frames[frame]``; NO_FRAME: none of ours (the end of a function, padding).
* ``frames``: ``frame_count`` records of 28 bytes {entry u32, function u32, file u32, line u32, parent u32, flags u32,
  start_line u32}:
  entry of the machine function, name and file as offsets into ``strings``, line of the call or statement, the
  frame that this one was inlined into (NO_FRAME: none), flags (bit 0: a wrapper, never shown).

Every pc and entry counts from ``base``, the address of the program's image, so that the records are the same for an
image at any address.

Frames are walked by frame pointers. A function that runs on a segment of its own returns into __morestack (its return
address is ``morestack_return()``); the frame of __morestack above it holds, 16 bytes up, the address in the caller.

Source:
    Go 1.27.3 runtime/traceback.go for the form and for which frames of package runtime are shown.
"""

from __future__ import annotations

from typing import Final

from tricolor.abi.prefix import PREFIX_FLAGS_MASK, PREFIX_MAGIC, PREFIX_NO_PARAMETERS, PREFIX_WRAPPER
from tricolor.kernel.lang import (
    Embed,
    Struct,
    addr,
    as_struct,
    export,
    global_array,
    global_struct,
    i64,
    is_null,
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
    to_u32,
    to_u64,
    u32,
    u64,
)
from tricolor.kernel.registers import SAVED_RBP_OFFSET
from tricolor.runtime.records.goroutine import DEAD, IN_CALL, RUNNABLE, RUNNING, G
from tricolor.runtime.records.machine import machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.scheduler.context import morestack_return
from tricolor.runtime.scheduler.reasons import (
    REASON_COND,
    REASON_COROUTINE,
    REASON_FINALIZER,
    REASON_IO,
    REASON_MUTEX,
    REASON_RECEIVE,
    REASON_RECEIVE_NIL,
    REASON_RW_READ,
    REASON_RW_WRITE,
    REASON_SELECT,
    REASON_SELECT_NO_CASES,
    REASON_SEMAPHORE,
    REASON_SEND,
    REASON_SEND_NIL,
    REASON_SLEEP,
    REASON_WAIT_GROUP,
)
from tricolor.runtime.scheduler.signals import SignalContext
from tricolor.runtime.system.output import (
    c_text_length,
    flush_output,
    output_to_error,
    output_to_memory,
    put,
    put_byte,
    put_c_text,
    put_hex,
    put_number,
)
from tricolor.runtime.system.output_lock import begin_output, end_output

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
FLAG_WRAPPER: Final = 1
# An address of runtime.callers with this bit is no address: it stands for a function into which another one was
# inlined, and is twice the index of its frame plus one. Package runtime looks up such an address minus one.
FRAME_INDEX_BIT: Final = 1 << 63
SHOWN_INNERMOST: Final = 50
SHOWN_OUTERMOST: Final = 50
TAB: Final = 9
NEWLINE: Final = 10
PARENTHESIS: Final = 40
STAR: Final = 42
DIGIT_0: Final = 48
DIGIT_9: Final = 57
COLON: Final = 58
LETTER_A: Final = 65
LETTER_Z: Final = 90


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
    going = starts
    while going and done < most:
        found = store_frames(walk.pc, left, into + done * 8, most - done)
        done += found
        if left != 0:
            left -= min(left, frames_at(walk.pc))
        going = walk_next(walk)
    return done


@kernel
def frames_at(pc: u64) -> u64:
    """How many functions a return address lies in, with those that were inlined, but without wrappers."""
    index = frame_index_of(pc - 1)
    count: u64 = 1 if index == NO_FRAME else 0
    while index != NO_FRAME:
        if not _is_wrapper(frame_at(index)):
            count += 1
        index = to_u64(frame_at(index).parent)
    return count


@kernel
def store_frames(pc: u64, skip: u64, into: addr, most: u64) -> u64:
    """Stores a return address, and an entry for each function into which the one there was inlined, but the first ``skip``.

    Wrappers, which the compiler made, are left out.
    """
    left = skip
    done: u64 = 0
    index = frame_index_of(pc - 1)
    place = pc
    while done < most:
        if index == NO_FRAME or not _is_wrapper(frame_at(index)):
            if left > 0:
                left -= 1
            else:
                store_u64(into + done * 8, place)
                done += 1
        if index == NO_FRAME:
            break
        index = to_u64(frame_at(index).parent)
        if index == NO_FRAME:
            break
        place = FRAME_INDEX_BIT | (index * 2 + 1)
    return done


@systemstack("runtime.symbolize")
def symbolize(pc: u64, into: PcSymbol) -> bool:
    """Names the function at an address; False if it is not known. ``inlined``: an address that stands for it, if it is inlined."""
    index = frame_of(pc)
    if index == NO_FRAME:
        return False
    frame = frame_at(index)
    into.function = _symbols.strings + to_u64(frame.function)
    into.function_bytes = c_text_length(into.function)
    into.file = _symbols.strings + to_u64(frame.file)
    into.file_bytes = c_text_length(into.file)
    into.line = to_u64(frame.line)
    into.entry = entry_of(frame)
    into.start_line = to_u64(frame.start_line)
    into.inlined = 0 if to_u64(frame.parent) == NO_FRAME else FRAME_INDEX_BIT | (index * 2)
    return True


# --- Printing -------------------------------------------------------------------------------------


@kernel
def _put_reason(reason: u32) -> None:
    """The words in brackets for a goroutine that waits."""
    if reason == REASON_SLEEP:
        put(*text("sleep"))
    elif reason == REASON_SEMAPHORE:
        put(*text("semacquire"))
    elif reason == REASON_MUTEX:
        put(*text("sync.Mutex.Lock"))
    elif reason == REASON_RW_READ:
        put(*text("sync.RWMutex.RLock"))
    elif reason == REASON_RW_WRITE:
        put(*text("sync.RWMutex.Lock"))
    elif reason == REASON_WAIT_GROUP:
        put(*text("sync.WaitGroup.Wait"))
    elif reason == REASON_COND:
        put(*text("sync.Cond.Wait"))
    elif reason == REASON_COROUTINE:
        put(*text("coroutine"))
    elif reason == REASON_FINALIZER:
        put(*text("finalizer wait"))
    else:
        _put_channel_reason(reason)


@kernel
def _put_channel_reason(reason: u32) -> None:
    if reason == REASON_RECEIVE:
        put(*text("chan receive"))
    elif reason == REASON_SEND:
        put(*text("chan send"))
    elif reason == REASON_SELECT:
        put(*text("select"))
    elif reason == REASON_SELECT_NO_CASES:
        put(*text("select (no cases)"))
    elif reason == REASON_RECEIVE_NIL:
        put(*text("chan receive (nil chan)"))
    elif reason == REASON_SEND_NIL:
        put(*text("chan send (nil chan)"))
    elif reason == REASON_IO:
        put(*text("IO wait"))
    else:
        put(*text("waiting"))


@kernel
def _put_header(g: G) -> None:
    put(*text("goroutine "))
    put_number(g.id)
    put(*text(" ["))
    if g.status == RUNNING:
        put(*text("running"))
    elif g.status == RUNNABLE:
        put(*text("runnable"))
    elif g.status == IN_CALL:
        put(*text("syscall"))
    else:
        _put_reason(to_u32(g.reason))
    put(*text("]:\n"))


@kernel
def _put_position(frame: SymbolFrame, pc: u64) -> None:
    """The second line of a frame: file, line, distance from the function's entry."""
    put_byte(TAB)
    put_c_text(_symbols.strings + to_u64(frame.file))
    put_byte(COLON)
    put_number(to_u64(frame.line))
    entry = entry_of(frame)
    if pc > entry:
        put(*text(" +0x"))
        put_hex(pc - entry)
    put_byte(NEWLINE)


@kernel
def _starts_with(text: addr, prefix: addr, prefix_bytes: u64) -> bool:
    at: u64 = 0
    while at < prefix_bytes:
        if load_u8(text + at) != load_u8(prefix + at):
            return False
        at += 1
    return True


@kernel
def _is_hidden(name: addr, is_first: bool) -> bool:
    """Whether a function of package runtime is left out: those that are not exported; panic as the innermost."""
    if not _starts_with(name, *text("runtime.")):
        return False
    if _starts_with(name, *text("runtime.gopanic\0")):
        return is_first
    letter = load_u8(name + 8)
    if letter == PARENTHESIS or letter == STAR:
        return False
    return letter < LETTER_A or letter > LETTER_Z


@kernel
def _ends_with_number(name: addr, word: addr, word_bytes: u64) -> bool:
    """Whether a name ends with the word and a number."""
    end = c_text_length(name)
    at = end
    while at > 0 and load_u8(name + at - 1) >= DIGIT_0 and load_u8(name + at - 1) <= DIGIT_9:
        at -= 1
    return at < end and at >= word_bytes and _starts_with(name + at - word_bytes, word, word_bytes)


@kernel
def _code_flags(frame: SymbolFrame) -> u64:
    """The flags before a function's code; 0 for an inlined function, which has no code of its own."""
    return 0 if to_u64(frame.parent) != NO_FRAME else _function_flags(frame)


@kernel
def _function_flags(frame: SymbolFrame) -> u64:
    """The flags before the code that a frame belongs to."""
    prefix = load_u64(to_addr(entry_of(frame) - PREFIX_BYTES))
    # Kernel functions have no prefix: what stands before them is other code or padding, which never looks like one.
    return prefix & PREFIX_FLAGS_MASK if prefix & ~PREFIX_FLAGS_MASK == PREFIX_MAGIC else 0


@kernel
def _put_frame(frame: SymbolFrame, pc: u64) -> None:
    name = _symbols.strings + to_u64(frame.function)
    if _starts_with(name, *text("runtime.gopanic\0")):
        put(*text("panic(...)\n"))
    else:
        put_c_text(name)
        if _code_flags(frame) & PREFIX_NO_PARAMETERS != 0:
            put(*text("()\n"))
        else:
            put(*text("(...)\n"))
    _put_position(frame, pc)


@kernel
def _put_unknown(pc: u64) -> None:
    put(*text("0x"))
    put_hex(pc)
    put(*text("(...)\n\t?:0\n"))


class Last(Struct):
    """A frame that may be among the outermost ones."""

    frame: SymbolFrame
    pc: u64


_last = global_array(Embed[Last], SHOWN_OUTERMOST)


@kernel
def _put_last(number: u64) -> None:
    last = _last[number % SHOWN_OUTERMOST]
    _put_frame(last.frame, last.pc)


@kernel
def _is_shown(frame: SymbolFrame, is_first: bool) -> bool:
    return not _is_wrapper(frame) and not _is_hidden(_symbols.strings + to_u64(frame.function), is_first)


@kernel
def _is_wrapper(frame: SymbolFrame) -> bool:
    """Whether the compiler made the function to call another one."""
    name = _symbols.strings + to_u64(frame.function)
    if frame.flags & FLAG_WRAPPER != 0 or _ends_with_number(name, *text(".gowrap")):
        return True
    return _ends_with_number(name, *text(".deferwrap")) or _code_flags(frame) & PREFIX_WRAPPER != 0


@kernel
def _put_frames(g: G) -> None:
    """Prints the frames of a goroutine: of many, the innermost and the outermost ones."""
    shown: u64 = 0
    known_pc: u64 = 0
    known_index: u64 = NO_FRAME
    walk = stack_struct(Walk)
    going = walk_start(walk, g)
    while going:
        if walk.pc != known_pc:
            known_pc = walk.pc
            known_index = frame_index_of(known_pc - 1)
        index = known_index
        # The outermost frame is that of goroutine_start, which is not shown.
        if index == NO_FRAME and _symbols.row_count == 0 and walk.fp != 0:
            if shown < SHOWN_INNERMOST:
                _put_unknown(known_pc)
            shown += 1
        while index != NO_FRAME:
            frame = frame_at(index)
            if _is_shown(frame, shown == 0):
                if shown < SHOWN_INNERMOST:
                    _put_frame(frame, known_pc)
                else:
                    last = _last[shown % SHOWN_OUTERMOST]
                    last.frame = frame
                    last.pc = known_pc
                shown += 1
            index = to_u64(frame.parent)
        going = walk_next(walk)
    _put_outermost(shown)


@kernel
def _put_outermost(shown: u64) -> None:
    """Prints the outermost frames after ``shown`` frames were counted."""
    if shown <= SHOWN_INNERMOST:
        return
    start: u64 = SHOWN_INNERMOST
    if shown > SHOWN_INNERMOST + SHOWN_OUTERMOST:
        start = shown - SHOWN_OUTERMOST
        put(*text("..."))
        put_number(start - SHOWN_INNERMOST)
        put(*text(" frames elided...\n"))
    if _symbols.row_count != 0:
        for number in range(start, shown):
            _put_last(number)


@kernel
def put_goroutine(g: G) -> None:
    """Prints one goroutine as Go does."""
    _put_header(g)
    _put_frames(g)
    if g.creator_pc != 0:
        index = frame_index_of(g.creator_pc - 1)
        if index != NO_FRAME:
            frame = frame_at(index)
            put(*text("created by "))
            put_c_text(_symbols.strings + to_u64(frame.function))
            put(*text(" in goroutine "))
            put_number(g.parent_id)
            put_byte(NEWLINE)
            _put_position(frame, g.creator_pc)


@kernel
def put_goroutines(show_all: bool) -> None:
    """Prints the running goroutine; with ``show_all``, or if there is none, the others too."""
    running = machine.g
    if not is_null(running):
        put_goroutine(running)
    if not show_all and not is_null(running):
        return
    first = is_null(running)
    g = scheduler.all_goroutines
    while not is_null(g):
        if g is not running and g.status != DEAD and g.system == 0:
            if not first:
                put_byte(NEWLINE)
            first = False
            put_goroutine(g)
        g = g.all_link


@systemstack("runtime.printstacks")
def print_stacks(show_all: bool) -> None:
    """Prints traces to standard error."""
    put_goroutines(show_all)
    flush_output()


@systemstack("runtime.tracebackstring")
def traceback_string(show_all: bool, into: addr, length_bytes: i64) -> i64:
    """Puts traces into memory; gives the bytes used. The world is stopped if all goroutines are to be shown."""
    begin_output()
    output_to_memory(into, to_u64(length_bytes))
    put_goroutines(show_all)
    used = output_to_error()
    end_output()
    return to_i64(used)
