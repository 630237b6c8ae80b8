"""Environment variables that set up the memory manager: GOGC, GOMEMLIMIT, GODEBUG.

GODEBUG is a list ``key=value,key=value``. ``settings_keys.DEBUG_FLAGS`` says which keys are read here.

Source:
    Go 1.27.3 runtime/mgcpacer.go (readGOGC, readGOMEMLIMIT), runtime/string.go (parseByteCount).

Differs from Go:
    gcstress=N collects at every Nth allocation; Go has no such setting. Go 1.21 removed allocfreetrace.
"""

from __future__ import annotations

from tricolor.kernel.lang import (
    Struct,
    addr,
    const_table,
    field_address,
    i64,
    kernel,
    load_addr,
    load_u8,
    memory_compare,
    stack_struct,
    text,
    to_i64,
    to_u64,
    u8,
    u64,
)
from tricolor.runtime.allocator.mheap import DEFAULT_GC_PERCENT, NO_LIMIT
from tricolor.runtime.collector.configure import configure
from tricolor.runtime.settings_keys import DEBUG_FLAG_TABLE, GC_PERCENT, MEMORY_LIMIT
from tricolor.runtime.system.output import c_text_length, put
from tricolor.runtime.system.stop import fatal

MAX_PERCENT = 0x7FFF_FFFF
DIGIT_0 = 48
COMMA = 44
MINUS = 45
EQUALS = 61

debug_flags = const_table(u8, DEBUG_FLAG_TABLE)


class Text(Struct):
    """A part of an environment string."""

    start: addr
    length: u64


class Number(Struct):
    """What parse_number() found: the value, how many digits, and whether it fits 63 bits."""

    value: u64
    digits: u64
    fits: bool


@kernel
def read_environment(environment: addr) -> None:
    """Applies the variables; starts the heap if one is set. Ends the process if GOMEMLIMIT is malformed."""
    entry = stack_struct(Text)
    if find_variable(entry, environment, *text("GOGC=")):
        configure(GC_PERCENT, parse_percent(entry.start, entry.length))
    if find_variable(entry, environment, *text("GOMEMLIMIT=")):
        configure(MEMORY_LIMIT, parse_limit(entry.start, entry.length))
    if find_variable(entry, environment, *text("GODEBUG=")):
        read_debug(entry.start, entry.length)


@kernel
def find_variable(into: Text, environment: addr, name: addr, name_length: u64) -> bool:
    """Stores the value of a variable that is set and not empty; False if it is not. ``name`` ends with an equals sign."""
    if to_u64(environment) == 0:
        return False
    at = environment
    while to_u64(load_addr(at)) != 0:
        entry = load_addr(at)
        length = c_text_length(entry)
        if length > name_length and memory_compare(entry, name, name_length) == 0:
            into.start = entry + name_length
            into.length = length - name_length
            return True
        at = at + 8
    return False


@kernel
def is_text(start: addr, length: u64, other: addr, other_length: u64) -> bool:
    """Whether two texts are equal."""
    return length == other_length and memory_compare(start, other, length) == 0


@kernel
def parse_number(into: Number, start: addr, length: u64) -> None:
    """Reads the decimal digits at the beginning of a text."""
    into.value = 0
    into.digits = 0
    into.fits = True
    while into.digits < length:
        digit = to_u64(load_u8(start + into.digits)) - DIGIT_0
        if digit > 9:
            return
        if into.value > (NO_LIMIT - digit) // 10:
            into.fits = False
        into.value = into.value * 10 + digit
        into.digits += 1


@kernel
def parse_percent(start: addr, length: u64) -> i64:
    """Value of GOGC; 100 if it is malformed."""
    if is_text(start, length, *text("off")):
        return -1
    number = stack_struct(Number)
    negative: u64 = 1 if load_u8(start) == MINUS else 0
    parse_number(number, start + negative, length - negative)
    complete = number.digits != 0 and number.digits + negative == length
    if not complete or not number.fits or number.value > MAX_PERCENT:
        return DEFAULT_GC_PERCENT
    return -1 if negative != 0 and number.value != 0 else to_i64(number.value)


@kernel
def parse_limit(start: addr, length: u64) -> i64:
    """Value of GOMEMLIMIT in bytes."""
    if is_text(start, length, *text("off")):
        return NO_LIMIT
    number = stack_struct(Number)
    parse_number(number, start, length)
    shift = unit_shift(start + number.digits, length - number.digits)
    if number.digits == 0 or not number.fits or shift > 40 or number.value > NO_LIMIT >> shift:
        put(*text("GOMEMLIMIT="))
        put(start, length)
        put(*text("\n"))
        fatal(*text("malformed GOMEMLIMIT; see `go doc runtime/debug.SetMemoryLimit`"))
    return to_i64(number.value << shift)


@kernel
def unit_shift(start: addr, length: u64) -> u64:
    """Shift of a unit: none and B 0, KiB 10, MiB 20, GiB 30, TiB 40; 64 for anything else."""
    if length == 0 or is_text(start, length, *text("B")):
        return 0
    if length != 3 or memory_compare(start + 1, *text("iB")) != 0:
        return 64
    unit = to_u64(load_u8(start))
    if unit == 75:
        return 10
    if unit == 77:
        return 20
    if unit == 71:
        return 30
    return 40 if unit == 84 else 64


@kernel
def read_debug(start: addr, length: u64) -> None:
    """Applies the settings in the value of GODEBUG."""
    at: u64 = 0
    while at < length:
        end = at
        while end < length and load_u8(start + end) != COMMA:
            end += 1
        read_setting(start + at, end - at)
        at = end + 1


@kernel
def read_setting(start: addr, length: u64) -> None:
    """Applies one ``key=value``, if the key is one of DEBUG_FLAGS and the value a number."""
    number = stack_struct(Number)
    at: u64 = 0
    while at < len(debug_flags):
        key = to_u64(debug_flags[at])
        name_length = to_u64(debug_flags[at + 1])
        if is_flag(start, length, at + 2, name_length):
            value = start + name_length + 1
            value_length = length - name_length - 1
            parse_number(number, value, value_length)
            if number.digits != 0 and number.digits == value_length and number.fits:
                configure(key, to_i64(number.value))
        at += 2 + name_length


@kernel
def is_flag(start: addr, length: u64, name: u64, name_length: u64) -> bool:
    """Whether the text begins with a name of ``debug_flags`` and an equals sign."""
    if length <= name_length or load_u8(start + name_length) != EQUALS:
        return False
    return memory_compare(start, field_address(debug_flags[name]), name_length) == 0
