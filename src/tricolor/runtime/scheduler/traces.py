"""Traces: prints call stacks of goroutines in Go's form.

At LEVEL_USER, functions of package runtime that are not exported are left out, and so are its goroutines. At LEVEL_ALL everything
is shown, with addresses.

Source:
    Go 1.27.3 runtime/traceback.go (goroutineheader, traceback2, showfuncinfo, tracebackothers).

Differs from Go:
    Parameters are passed in registers and not kept, so traces show ``(...)`` in the place of their words. The minutes
    that a goroutine has waited are counted from the first cycle that found it waiting, not from the cycle before. For one in a system
    call they are not shown.
"""

from __future__ import annotations

from typing import Final

from tricolor.abi.prefix import PREFIX_NO_PARAMETERS
from tricolor.kernel.lang import (
    Embed,
    Struct,
    addr,
    address,
    as_struct,
    global_array,
    i64,
    is_null,
    kernel,
    load_u8,
    null,
    stack_struct,
    systemstack,
    text,
    to_i64,
    to_u32,
    to_u64,
    u32,
    u64,
)
from tricolor.runtime.records.goroutine import BUBBLE, DEAD, IN_CALL, REASON_DATED, RUNNABLE, RUNNING, SCANNED, G
from tricolor.runtime.records.machine import Machine, first_machine, machine
from tricolor.runtime.records.process import scheduler
from tricolor.runtime.scheduler.bubble_record import Bubble, is_durable, shown_bubble
from tricolor.runtime.scheduler.reasons import (
    REASON_BUBBLE_RECEIVE,
    REASON_BUBBLE_RUN,
    REASON_BUBBLE_SELECT,
    REASON_BUBBLE_SEND,
    REASON_BUBBLE_WAIT,
    REASON_BUBBLE_WAIT_GROUP,
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
from tricolor.runtime.scheduler.trace_level import LEVEL_ALL, LEVEL_USER
from tricolor.runtime.scheduler.traceback import (
    NO_FRAME,
    SymbolFrame,
    Walk,
    code_flags,
    entry_of,
    file_of,
    frame_at,
    frame_index_of,
    has_symbols,
    is_left_out,
    name_of,
    starts_with,
    walk_next,
    walk_start,
)
from tricolor.runtime.system.clock import NS_PER_SECOND, nanotime
from tricolor.runtime.system.output import output_to_error, output_to_memory, put, put_byte, put_c_text, put_hex, put_number
from tricolor.runtime.system.output_lock import begin_output, end_output

SHOWN_INNERMOST: Final = 50
SHOWN_OUTERMOST: Final = 50
TAB: Final = 9
NEWLINE: Final = 10
PARENTHESIS: Final = 40
STAR: Final = 42
COLON: Final = 58
LETTER_A: Final = 65
LETTER_Z: Final = 90
SAVED_WORDS_BYTES: Final = 16
SECONDS_A_MINUTE: Final = 60
"""Frame pointer and return address."""


class Shown(Struct):
    """A frame as it is printed: with what a trace at LEVEL_ALL shows of it."""

    frame: SymbolFrame
    pc: u64
    fp: u64
    """Where the frame ends: above the return address."""
    sp: u64


class Trace(Struct):
    """The trace of a goroutine that is being printed."""

    level: u64
    count: u64
    """Frames to print that were found."""
    callee: u64
    """The frame that was visited last, printed or not."""


_last = global_array(Embed[Shown], SHOWN_OUTERMOST)


# --- The first line ---------------------------------------------------------------------------------


@kernel
def _machine_of(g: G) -> tuple[Machine, u64]:
    """The thread that runs the goroutine, and its number; null if none does."""
    each = first_machine
    number: u64 = 0
    while not is_null(each):
        if each.g is g:
            return each, number
        each = each.all_link
        number += 1
    return null(Machine), 0


@kernel
def _put_addresses(g: G) -> None:
    put(*text(" gp=0x"))
    put_hex(to_u64(address(g)))
    m, number = _machine_of(g)
    if is_null(m):
        put(*text(" m=nil"))
        return
    put(*text(" m="))
    put_number(number)
    put(*text(" mp=0x"))
    put_hex(to_u64(address(m)))


@kernel
def _put_header(g: G, level: u64) -> None:
    put(*text("goroutine "))
    put_number(g.id)
    if level >= LEVEL_ALL:
        _put_addresses(g)
    put(*text(" ["))
    status = g.status & ~SCANNED
    if status == RUNNING:
        put(*text("running"))
    elif status == RUNNABLE:
        put(*text("runnable"))
    elif status == IN_CALL:
        put(*text("syscall"))
    else:
        _put_reason(to_u32(g.reason & ~REASON_DATED))
        if g.words[BUBBLE] != 0 and is_durable(g.reason):
            put(*text(" (durable)"))
        _put_minutes(g)
    if g.locked_thread != 0:
        put(*text(", locked to thread"))
    if g.words[BUBBLE] != 0:
        put(*text(", synctest bubble "))
        put_number(as_struct(Bubble, g.words[BUBBLE]).id)
    put(*text("]:\n"))


@kernel
def _put_minutes(g: G) -> None:
    """How long a goroutine has waited since a cycle first found it waiting, from one minute on."""
    if g.reason & REASON_DATED == 0:
        return
    minutes = (to_u32(to_u64(nanotime()) // NS_PER_SECOND) - g.waits_since_s) // SECONDS_A_MINUTE
    if minutes > 0:
        put(*text(", "))
        put_number(to_u64(minutes))
        put(*text(" minutes"))


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
    elif reason == REASON_WAIT_GROUP or reason == REASON_BUBBLE_WAIT_GROUP:
        put(*text("sync.WaitGroup.Wait"))
    elif reason == REASON_COND:
        put(*text("sync.Cond.Wait"))
    elif reason == REASON_COROUTINE:
        put(*text("coroutine"))
    elif reason == REASON_FINALIZER:
        put(*text("finalizer wait"))
    elif reason == REASON_BUBBLE_RUN:
        put(*text("synctest.Run"))
    elif reason == REASON_BUBBLE_WAIT:
        put(*text("synctest.Wait"))
    else:
        _put_channel_reason(reason)


@kernel
def _put_channel_reason(reason: u32) -> None:
    if reason == REASON_RECEIVE or reason == REASON_BUBBLE_RECEIVE:
        put(*text("chan receive"))
    elif reason == REASON_SEND or reason == REASON_BUBBLE_SEND:
        put(*text("chan send"))
    elif reason == REASON_SELECT or reason == REASON_BUBBLE_SELECT:
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


# --- Frames -----------------------------------------------------------------------------------------


@kernel
def _put_place(frame: SymbolFrame) -> None:
    put_byte(TAB)
    put_c_text(file_of(frame))
    put_byte(COLON)
    put_number(to_u64(frame.line))


@kernel
def _put_distance(frame: SymbolFrame, pc: u64) -> None:
    """The distance from the function's entry."""
    entry = entry_of(frame)
    if pc > entry:
        put(*text(" +0x"))
        put_hex(pc - entry)


@kernel
def _put_frame(shown: Shown, level: u64) -> None:
    """Two lines: the function; file, line and address. An inlined function has no address of its own."""
    frame = shown.frame
    name = name_of(frame)
    if starts_with(name, *text("runtime.gopanic\0")):
        put(*text("panic(...)\n"))
    else:
        put_c_text(name)
        if code_flags(frame) & PREFIX_NO_PARAMETERS != 0:
            put(*text("()\n"))
        else:
            put(*text("(...)\n"))
    _put_place(frame)
    if to_u64(frame.parent) == NO_FRAME:
        _put_distance(frame, shown.pc)
        if level >= LEVEL_ALL:
            put(*text(" fp=0x"))
            put_hex(shown.fp)
            put(*text(" sp=0x"))
            put_hex(shown.sp)
            put(*text(" pc=0x"))
            put_hex(shown.pc)
    put_byte(NEWLINE)


@kernel
def _put_unknown(pc: u64) -> None:
    put(*text("0x"))
    put_hex(pc)
    put(*text("(...)\n\t?:0\n"))


@kernel
def _is_hidden(name: addr, is_first: bool) -> bool:
    """Whether LEVEL_USER leaves a function of package runtime out: one that is not exported; panic and Stack as the innermost."""
    if not starts_with(name, *text("runtime.")):
        return False
    if starts_with(name, *text("runtime.gopanic\0")) or starts_with(name, *text("runtime.Stack\0")):
        return is_first
    letter = load_u8(name + 8)
    if letter == PARENTHESIS or letter == STAR:
        return False
    return letter < LETTER_A or letter > LETTER_Z


@kernel
def _is_shown(frame: SymbolFrame, trace: Trace) -> bool:
    if trace.level >= LEVEL_ALL:
        # What grows a stack runs on the system stack in Go.
        return not starts_with(name_of(frame), *text("runtime.morestack\0"))
    return not is_left_out(frame, trace.callee) and not _is_hidden(name_of(frame), trace.count == 0)


@kernel
def _visit(trace: Trace, shown: Shown) -> None:
    """Prints a frame, or keeps it in case it is one of the outermost."""
    if trace.count < SHOWN_INNERMOST:
        _put_frame(shown, trace.level)
    else:
        last = _last[trace.count % SHOWN_OUTERMOST]
        last.frame = shown.frame
        last.pc = shown.pc
        last.fp = shown.fp
        last.sp = shown.sp
    trace.count += 1


@kernel
def _stack_pointer(g: G) -> u64:
    """Where the innermost frame begins."""
    if g.interrupted != 0:
        return as_struct(SignalContext, g.interrupted).rsp
    return to_u64(machine.goroutine_sp if g is machine.g else g.sp)


@kernel
def _put_frames(g: G, level: u64) -> None:
    """Prints the frames of a goroutine: of many, the innermost and the outermost ones."""
    walk = stack_struct(Walk)
    shown = stack_struct(Shown)
    trace = stack_struct(Trace)
    trace.level = level
    trace.callee = NO_FRAME
    known_pc: u64 = 0
    known_index: u64 = NO_FRAME
    shown.fp = _stack_pointer(g)
    going = walk_start(walk, g)
    while going:
        if walk.pc != known_pc:
            known_pc = walk.pc
            known_index = frame_index_of(known_pc - 1)
        index = known_index
        shown.pc = known_pc
        shown.sp = shown.fp
        shown.fp = to_u64(walk.fp) + SAVED_WORDS_BYTES if walk.fp != 0 else shown.sp
        # The outermost frame is that of goroutine_start, which is not shown.
        if index == NO_FRAME and not has_symbols() and walk.fp != 0:
            if trace.count < SHOWN_INNERMOST:
                _put_unknown(known_pc)
            trace.count += 1
        while index != NO_FRAME:
            shown.frame = frame_at(index)
            if _is_shown(shown.frame, trace):
                _visit(trace, shown)
            trace.callee = index
            index = to_u64(shown.frame.parent)
        going = walk_next(walk)
    _put_outermost(trace)


@kernel
def _put_outermost(trace: Trace) -> None:
    """Prints the outermost frames after all were counted."""
    if trace.count <= SHOWN_INNERMOST:
        return
    start: u64 = SHOWN_INNERMOST
    if trace.count > SHOWN_INNERMOST + SHOWN_OUTERMOST:
        start = trace.count - SHOWN_OUTERMOST
        put(*text("..."))
        put_number(start - SHOWN_INNERMOST)
        put(*text(" frames elided...\n"))
    if has_symbols():
        for number in range(start, trace.count):
            _put_frame(_last[number % SHOWN_OUTERMOST], trace.level)


# --- Goroutines -------------------------------------------------------------------------------------


@kernel
def _put_creator(g: G) -> None:
    if g.creator_pc == 0:
        return
    index = frame_index_of(g.creator_pc - 1)
    if index == NO_FRAME:
        return
    frame = frame_at(index)
    put(*text("created by "))
    put_c_text(name_of(frame))
    put(*text(" in goroutine "))
    put_number(g.parent_id)
    put_byte(NEWLINE)
    _put_place(frame)
    _put_distance(frame, g.creator_pc)
    put_byte(NEWLINE)


@kernel
def put_goroutine(g: G, level: u64) -> None:
    """Prints one goroutine as Go does."""
    _put_header(g, level)
    if g.status & ~SCANNED == RUNNING and g is not machine.g:
        put(*text("\tgoroutine running on other thread; stack unavailable\n"))
    else:
        _put_frames(g, level)
    _put_creator(g)


@kernel
def put_goroutines(level: u64, show_all: bool) -> None:
    """Prints the running goroutine; with ``show_all``, or if there is none, the others too, else those of ``shown_bubble``."""
    running = machine.g
    if not is_null(running):
        put_goroutine(running, level)
    every = show_all or is_null(running)
    if not every and shown_bubble.value == 0:
        return
    first = is_null(running)
    g = scheduler.all_goroutines
    while not is_null(g):
        is_wanted = (every or g.words[BUBBLE] == shown_bubble.value) and (g.system == 0 or level >= LEVEL_ALL)
        if is_wanted and g is not running and g.status & ~SCANNED != DEAD:
            if not first:
                put_byte(NEWLINE)
            first = False
            put_goroutine(g, level)
        g = g.all_link


@systemstack("runtime.tracebackstring")
def traceback_string(show_all: bool, into: addr, length_bytes: i64) -> i64:
    """Puts traces into memory; gives the bytes used. The world is stopped if all goroutines are to be shown."""
    begin_output()
    output_to_memory(into, to_u64(length_bytes))
    put_goroutines(LEVEL_USER, show_all)
    used = output_to_error()
    end_output()
    return to_i64(used)
