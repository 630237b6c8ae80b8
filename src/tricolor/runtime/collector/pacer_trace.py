"""The two lines that GODEBUG=gcpacertrace=1 prints for each cycle.

Source:
    Go 1.27.3 runtime/mgcpacer.go (the ends of startCycle and endCycle).

Differs from Go:
    Ratios have six significant digits; Go prints as many as it takes to read them back.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import f64, i64, kernel, text, to_f64, to_i64, to_u64, u64
from tricolor.runtime.collector.pacer import GOAL_SHARE, Pacer, collector_share, expected_work, heap_goal
from tricolor.runtime.system.output import flush_output, put, put_number

MIB_SHIFT: Final = 20
DIGITS: Final = 6
LEAST_MANTISSA: Final = 100_000
"""The least integer of DIGITS digits."""
LEAST_POINT: Final = -4
MOST_POINT: Final = 21
"""Decimal exponents from here to there are written without e, as Go does."""
MOST_RATIO: Final = 1e300


@kernel
def put_signed(value: i64) -> None:
    """Appends an integer in decimal."""
    if value < 0:
        put(*text("-"))
        put_number(0 - to_u64(value))
    else:
        put_number(to_u64(value))


@kernel
def put_zeros(count: i64) -> None:
    """Appends so many zeros; none if it is negative."""
    for _each in range(count):
        put(*text("0"))


@kernel
def scale(value: f64) -> tuple[u64, i64]:
    """``(mantissa, exponent)`` with six digits in the mantissa: the value is about mantissa * 10 ** (exponent - 5)."""
    scaled = value
    exponent: i64 = DIGITS - 1
    # The bounds are where rounding changes the number of digits.
    while scaled < to_f64(LEAST_MANTISSA) - 0.05:
        scaled = scaled * 10.0
        exponent -= 1
    while scaled >= to_f64(LEAST_MANTISSA * 10) - 0.5:
        scaled = scaled / 10.0
        exponent += 1
    return to_u64(scaled + 0.5), exponent


@kernel
def put_ratio(value: f64) -> None:
    """Appends a number that is not negative in the form of %g: six significant digits, no zeros at the end."""
    if value == 0.0:
        put(*text("0"))
        return
    if value > MOST_RATIO:
        put(*text("+Inf"))
        return
    mantissa, exponent = scale(value)
    digits: i64 = DIGITS
    while mantissa % 10 == 0:
        mantissa //= 10
        digits -= 1
    if exponent < LEAST_POINT or exponent >= MOST_POINT:
        put_digits(mantissa, digits, 1)
        put_exponent(exponent)
    elif exponent < 0:
        put(*text("0."))
        put_zeros(-exponent - 1)
        put_number(mantissa)
    else:
        put_digits(mantissa, digits, exponent + 1)


@kernel
def put_digits(mantissa: u64, digits: i64, whole: i64) -> None:
    """Appends ``digits`` digits with the point after ``whole`` of them, or zeros up to there."""
    if digits <= whole:
        put_number(mantissa)
        put_zeros(whole - digits)
        return
    scale: u64 = 1
    for _each in range(digits - whole):
        scale *= 10
    put_number(mantissa // scale)
    put(*text("."))
    rest = mantissa % scale
    while scale > 1:
        scale //= 10
        put_number(rest // scale % 10)


@kernel
def put_exponent(exponent: i64) -> None:
    """Appends a decimal exponent of two digits at least."""
    power = to_u64(exponent)
    if exponent < 0:
        put(*text("e-"))
        power = 0 - power
    else:
        put(*text("e+"))
    if power < 10:
        put(*text("0"))
    put_number(power)


@kernel
def print_cycle_start(p: Pacer) -> None:
    """Prints the line of a cycle that begins: assist ratio, heap to scan, goal, and workers."""
    put(*text("pacer: assist ratio="))
    put_ratio(p.assist_work_per_byte)
    put(*text(" (scan "))
    put_number(p.heap_scan >> MIB_SHIFT)
    put(*text(" MB in "))
    put_number(p.heap_live >> MIB_SHIFT)
    put(*text("->"))
    put_number(heap_goal(p) >> MIB_SHIFT)
    put(*text(" MB) workers="))
    put_signed(p.dedicated_workers_needed)
    put(*text("+"))
    put_ratio(p.fractional_share)
    put(*text("\n"))
    flush_output()


@kernel
def print_cycle_end(p: Pacer, cons_mark: f64, now_ns: i64, processors: u64) -> None:
    """Prints the line of a cycle whose marking has ended; ``cons_mark`` is what the pacer assumed until then."""
    put(*text("pacer: "))
    put_number(to_u64(collector_share(p, now_ns - p.mark_start_ns, processors) * 100.0))
    put(*text("% CPU ("))
    put_number(to_u64(GOAL_SHARE * 100.0))
    put(*text(" exp.) for "))
    put_number(p.heap_scan_work)
    put(*text("+"))
    put_number(p.stack_scan_work)
    put(*text("+"))
    put_number(p.globals_scan_work)
    put(*text(" B work ("))
    put_number(expected_work(p))
    put(*text(" B exp.) in "))
    put_number(p.triggered)
    put(*text(" B -> "))
    put_number(p.heap_live)
    put(*text(" B (\u2206goal "))
    put_signed(to_i64(p.heap_live) - to_i64(p.last_heap_goal))
    put(*text(", cons/mark "))
    put_ratio(cons_mark)
    put(*text(")\n"))
    flush_output()
