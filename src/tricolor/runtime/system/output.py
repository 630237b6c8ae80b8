"""Text that the runtime writes: to standard error, or into a buffer of the program.

Text is collected and written in pieces of up to BUFFER_BYTES, so that a trace is not a thousand system calls. What is written once an
error ends the program also goes to the file of debug.SetCrashOutput.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    Array,
    Struct,
    addr,
    atomic_exchange,
    field_address,
    global_array,
    global_struct,
    i32,
    i64,
    kernel,
    libc,
    load_u8,
    memory_copy,
    stack_struct,
    store_u8,
    systemstack,
    to_i32,
    to_u8,
    to_u64,
    u8,
    u32,
    u64,
)

STANDARD_ERROR: Final = 2
BUFFER_BYTES: Final = 4096
DIGIT_BYTES: Final = 24
_ZERO: Final = 48
_LETTER_A: Final = 97


class Output(Struct):
    """Where text goes: ``target`` 0 is standard error through the buffer, else a caller's memory."""

    used: u64
    target: addr
    target_bytes: u64
    target_used: u64


class Crash(Struct):
    """Where a second copy of the last words goes."""

    descriptor: i64
    """Its number plus 1; 0: none."""
    is_under_way: u32


class Digits(Struct):
    """Digits of a number; the last one lies at the end."""

    bytes: Array[u8, DIGIT_BYTES]


_output = global_struct(Output)
_buffer = global_array(u8, BUFFER_BYTES)
_crash = global_struct(Crash)


@libc
def write(descriptor: i32, text: addr, length_bytes: u64) -> i64: ...


@systemstack("runtime.setcrashdescriptor")
def set_crash_descriptor(descriptor: i64) -> i64:
    """Sets where the second copy of the last words goes; gives the number from before. -1: nowhere, or a crash is under way."""
    if _crash.is_under_way != 0:
        return -1
    return atomic_exchange(_crash.descriptor, descriptor + 1, "seq_cst") - 1


@systemstack("runtime.begincrash")
def begin_crash() -> None:
    """An error ends the program: what is written from here on are its last words."""
    _crash.is_under_way = 1


@kernel
def write_error(text: addr, length_bytes: u64) -> i64:
    """Writes to standard error; gives what write(2) gives. Last words are copied."""
    if _crash.is_under_way != 0 and _crash.descriptor != 0:
        write(to_i32(_crash.descriptor - 1), text, length_bytes)
    return write(STANDARD_ERROR, text, length_bytes)


@kernel
def flush_output() -> None:
    """Writes what is buffered to standard error."""
    done: u64 = 0
    start = field_address(_buffer[0])
    while done < _output.used:
        wrote = write_error(start + done, _output.used - done)
        if wrote <= 0:
            break
        done += to_u64(wrote)
    _output.used = 0


@kernel
def output_to_memory(target: addr, length_bytes: u64) -> None:
    """Sends text into memory from here on; what does not fit is dropped."""
    _output.target = target
    _output.target_bytes = length_bytes
    _output.target_used = 0


@kernel
def output_to_error() -> u64:
    """Sends text to standard error again; gives the bytes that were put into memory."""
    _output.target = 0
    return _output.target_used


@kernel
def put(text: addr, length_bytes: u64) -> None:
    """Appends text."""
    if _output.target != 0:
        room = _output.target_bytes - _output.target_used
        taken = min(room, length_bytes)
        memory_copy(_output.target + _output.target_used, text, taken)
        _output.target_used += taken
        return
    done: u64 = 0
    while done < length_bytes:
        if _output.used == BUFFER_BYTES:
            flush_output()
        piece = min(length_bytes - done, BUFFER_BYTES - _output.used)
        memory_copy(field_address(_buffer[0]) + _output.used, text + done, piece)
        _output.used += piece
        done += piece


@kernel
def put_byte(byte: u8) -> None:
    """Appends one byte."""
    if _output.target != 0:
        if _output.target_used < _output.target_bytes:
            store_u8(_output.target + _output.target_used, byte)
            _output.target_used += 1
        return
    if _output.used == BUFFER_BYTES:
        flush_output()
    _buffer[_output.used] = byte
    _output.used += 1


@kernel
def put_number(value: u64) -> None:
    """Appends a number in decimal."""
    _put_digits(value, 10)


@kernel
def put_hex(value: u64) -> None:
    """Appends a number in hexadecimal, without 0x."""
    _put_digits(value, 16)


@kernel
def _put_digits(value: u64, base: u64) -> None:
    digits = stack_struct(Digits)
    at: u64 = DIGIT_BYTES
    rest = value
    while True:
        at -= 1
        digit = rest % base
        digits.bytes[at] = to_u8(_ZERO + digit if digit < 10 else _LETTER_A - 10 + digit)
        rest //= base
        if rest == 0:
            break
    put(field_address(digits.bytes[at]), DIGIT_BYTES - at)


@kernel
def put_c_text(text: addr) -> None:
    """Appends a text that ends with a zero byte."""
    put(text, c_text_length(text))


@kernel
def c_text_length(text: addr) -> u64:
    """Bytes before the zero byte."""
    length: u64 = 0
    while load_u8(text + length) != 0:
        length += 1
    return length
