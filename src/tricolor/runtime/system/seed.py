"""The seeded mode: all choices of the scheduler come from one number, and time is virtual.

So a program runs the same way each time, and another number gives another order of its goroutines. What it asks of the system (files,
other processes) is not part of this.

* The scheduler takes the next goroutine by random_below(), and lets each run for a random number of function calls.
* The clock rises by CLOCK_STEP_NS whenever it is read, and jumps to the first sleeper when no goroutine can run.
* Random bytes of the system, and so the order of maps, come from the same generator.

Limits:
    A loop that calls no function and waits for another goroutine does not end: only function calls count.

Source:
    Knuth, The Art of Computer Programming 2, section 3.3.4 (the multiplier); Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
    Generators" (the mixing).
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import Struct, export, global_struct, i64, kernel, u32, u64

FACTOR: Final = 6364136223846793005
STEP: Final = 1442695040888963407
MIX_FACTOR: Final = 0xFF51AFD7ED558CCD
CLOCK_STEP_NS: Final = 1_000
"""Higher: less work until a deadline that a program computes. 0: a loop that waits for the clock would never end."""
FIRST_NS: Final = 1_000_000_000


class Seed(Struct):
    """The state of the mode; all zero if it is off."""

    on: u32
    random: u64
    now_ns: i64


seed = global_struct(Seed)


@export("tricolor.seed")
def set_seed(number: u64) -> None:
    """Turns the mode on. Call it before tricolor.start."""
    seed.on = 1
    seed.random = number
    seed.now_ns = FIRST_NS
    # Numbers that differ in a few bits begin with values that are alike.
    random_u64()
    random_u64()


@kernel
def random_u64() -> u64:
    """The generator's next number."""
    seed.random = seed.random * FACTOR + STEP
    mixed = (seed.random ^ (seed.random >> 33)) * MIX_FACTOR
    return mixed ^ (mixed >> 33)


@kernel
def random_below(bound: u64) -> u64:
    """A random number below ``bound``, which is below 2**32."""
    return ((random_u64() >> 32) * bound) >> 32


@kernel
def virtual_time() -> i64:
    """The clock of the mode."""
    seed.now_ns += CLOCK_STEP_NS
    return seed.now_ns


@kernel
def jump_to(when_ns: i64) -> None:
    """Sets the clock to a later time."""
    seed.now_ns = max(seed.now_ns, when_ns)
