"""Histogram of durations with the buckets of Go's runtime/metrics: powers of two in nanoseconds, each in four equal parts.

Source:
    Go 1.27.3 runtime/histogram.go.
"""

from __future__ import annotations

from typing import Final

from tricolor.kernel.lang import Array, Struct, atomic_add, count_leading_zeros_u64, global_struct, i64, kernel, to_u64, u64

WORD_BITS: Final = 64
FIRST_BITS: Final = 9
"""Durations of fewer bits share the first four buckets, of 64 ns each."""
PART_BITS: Final = 2
PARTS: Final = 1 << PART_BITS
POWERS: Final = 40
"""The last power of two holds durations below 2**47 ns, 39 hours."""
TIME_BUCKETS: Final = POWERS * PARTS + 2
"""One below zero and one above the last power of two besides."""


class TimeHistogram(Struct):
    """Durations by bucket, shortest first."""

    counts: Array[u64, TIME_BUCKETS]


# All pauses of the collector.
pause_times = global_struct(TimeHistogram)
# How long goroutines that could run waited until they ran; a sample of them (run_queue).
ready_times = global_struct(TimeHistogram)


@kernel
def count_duration(times: TimeHistogram, duration_ns: i64) -> None:
    """Counts a duration."""
    place: u64 = 0
    if duration_ns >= 0:
        bits = WORD_BITS - count_leading_zeros_u64(to_u64(duration_ns))
        power: u64 = 0 if bits < FIRST_BITS else bits - FIRST_BITS + 1
        place = TIME_BUCKETS - 1
        if power < POWERS:
            part = to_u64(duration_ns) >> (max(bits, FIRST_BITS) - 1 - PART_BITS)
            place = 1 + power * PARTS + part % PARTS
    atomic_add(times.counts[place], 1, "relaxed")
