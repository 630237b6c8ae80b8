"""Sampling: which objects the heap profile sees. Each byte that is allocated begins a sample with the same small probability.

Terms:
    rate       settings[SAMPLE_BYTES], Go's MemProfileRate: bytes between two samples on average
    distance   bytes from one sampled object to the next

How: the distances of a Poisson process have the exponential distribution with the rate as its mean. Each cell of an mcache counts
down over the bytes of its layout, in the order in which it hands them out. A run ends before the object that is to be sampled; that
object gets a run of its own, so that it goes through refill(), which reports it. So the path that compiled Go code inlines knows
nothing of sampling. Everything that counts belongs to an mcache, and so to one thread. An object of S bytes is sampled with probability 1 - exp(-S / rate), by which readers of a profile divide.

Units: ``until_sample`` of a cell counts bytes, plus one; 0 says that no distance was drawn.

Source:
    Go 1.27.3 runtime/malloc.go (profilealloc, nextSample, fastexprand).

Differs from Go:
    Go counts down once for each mcache, we once for each cell. The distribution has no memory, so the samples of all cells together
    are the same process.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import (
    addr,
    atomic_add,
    call_address,
    f64,
    f64_from_bits,
    f64_to_bits,
    global_value,
    kernel,
    likely,
    to_f64,
    to_u64,
    u64,
    unlikely,
)
from tricolor.runtime.allocator.heap_types import Cell, Central, MCache, mheap
from tricolor.runtime.allocator.settings import settings
from tricolor.runtime.settings_keys import SAMPLE_BYTES

# A larger mean would let distances overflow 32 bits, where Go keeps them.
LARGEST_MEAN: Final = 0x700_0000
RANDOM_BITS: Final = 26
EXPONENT_SHIFT: Final = 52
EXPONENT_BIAS: Final = 1023
FRACTION_MASK: Final = (1 << EXPONENT_SHIFT) - 1
LN_2: Final = 0.6931471805599453
# xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016). Any seed but 0.
RANDOM_SEED: Final = 0x9E37_79B9_7F4A_7C15
RANDOM_FACTOR: Final = 0x2545_F491_4F6C_DD1D

# Code that is called with each sampled object (object, bytes); 0: none. runtime/profiles.py sets it.
sample_hook = global_value(addr, symbol_name="tricolor.sample_hook")


@kernel
def next_random(cache: MCache) -> u64:
    """64 random bits."""
    state = cache.random
    if state == 0:
        # Generators of different mcaches draw different numbers.
        state = RANDOM_SEED * (1 + 2 * atomic_add(mheap.seeds, 1, "relaxed"))
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    cache.random = state
    return state * RANDOM_FACTOR


@kernel
def natural_logarithm(value: f64) -> f64:
    """The logarithm of a number of at least 1, with an error below 1e-8."""
    bits = f64_to_bits(value)
    exponent = (bits >> EXPONENT_SHIFT) - EXPONENT_BIAS
    fraction = f64_from_bits((bits & FRACTION_MASK) | (EXPONENT_BIAS << EXPONENT_SHIFT))
    # ln((1 + t) / (1 - t)) = 2 (t + t**3 / 3 + t**5 / 5 + ...), and t is at most a third.
    t = (fraction - 1.0) / (fraction + 1.0)
    square = t * t
    power = t
    total: f64 = 0.0
    for number in range(7):
        total += power / to_f64(2 * number + 1)
        power *= square
    return to_f64(exponent) * LN_2 + 2.0 * total


@kernel
def draw_distance(cache: MCache) -> u64:
    """Bytes until the next sampled object, from the exponential distribution; 0 for rate 1, which samples all."""
    if settings[SAMPLE_BYTES] == 1:
        return 0
    mean = min(to_u64(settings[SAMPLE_BYTES]), LARGEST_MEAN)
    # Uniform in (0, 1], as a number of 2**-RANDOM_BITS.
    parts = (next_random(cache) >> (64 - RANDOM_BITS)) + 1
    return to_u64((to_f64(RANDOM_BITS) * LN_2 - natural_logarithm(to_f64(parts))) * to_f64(mean)) + 1


@kernel
def elems_before_sample(cache: MCache, cell: Cell, central: Central) -> u64:
    """The most elements that the next run may have: it ends before the sampled object, which is a run of its own."""
    if settings[SAMPLE_BYTES] <= 0:
        return central.claim_elems
    notice_rate(cache)
    if cell.until_sample == 0:
        cell.until_sample = draw_distance(cache) + 1
    return min(central.claim_elems, max((cell.until_sample - 1) // to_u64(central.elem_bytes), 1))


@kernel
def is_sampled(cache: MCache, cell: Cell, central: Central) -> bool:
    """Counts the run that was just claimed; whether its first object is sampled."""
    if settings[SAMPLE_BYTES] <= 0:
        return False
    if cell.until_sample == 0:
        cell.until_sample = draw_distance(cache) + 1
    if cell.until_sample - 1 < to_u64(central.elem_bytes):
        cell.until_sample = 0
        return True
    cell.until_sample -= cell.limit - cell.cursor
    return False


@kernel
def is_sampled_large(cache: MCache, length_bytes: u64) -> bool:
    """Counts a large object; whether it is sampled."""
    if settings[SAMPLE_BYTES] <= 0:
        return False
    notice_rate(cache)
    if cache.until_sample == 0:
        cache.until_sample = draw_distance(cache) + 1
    if cache.until_sample - 1 < length_bytes:
        cache.until_sample = 0
        return True
    cache.until_sample -= length_bytes
    return False


@kernel
def return_to_sampling(cell: Cell, unused_bytes: u64) -> None:
    """The unused rest of a run was not allocated after all."""
    if cell.until_sample != 0:
        cell.until_sample += unused_bytes


@kernel
def notice_rate(cache: MCache) -> None:
    """Has all distances drawn again if the rate has changed. The program changes it on any thread; each mcache finds out by itself."""
    if likely(cache.sampled_rate == settings[SAMPLE_BYTES]):
        return
    cache.sampled_rate = settings[SAMPLE_BYTES]
    for index in range(mheap.layout_count):
        cache.cells[index].until_sample = 0
    cache.until_sample = 0


@kernel
def report_sample(object: addr, size_bytes: u64) -> None:
    """Calls the hook with a sampled object."""
    if unlikely(to_u64(sample_hook.value) != 0):
        call_address(sample_hook.value, (addr, u64), None, object, size_bytes)
