"""A duration is counted between the boundaries that Go's runtime/metrics names, on simulated memory."""

from __future__ import annotations

import bisect

from hypothesis import given
from hypothesis import strategies as st

from tricolor.kernel.simulation.run import simulate
from tricolor.runtime.records.time_histogram import TIME_BUCKETS

MODULE = "tricolor.runtime.records.time_histogram"
BOUNDARIES_NS = [0, 64, 128, 192, *((4 + part) << (power - 2) for power in range(8, 47) for part in range(4)), 1 << 47]
"""timeHistogramMetricsBuckets of Go 1.27.3 without the infinite ends."""
simulation = simulate([MODULE])


@given(st.one_of(st.integers(-1000, 1000), st.sampled_from(BOUNDARIES_NS), st.integers(-(1 << 63), (1 << 63) - 1)), st.integers(-1, 1))
def test_a_duration_is_counted_in_its_bucket(near_ns: int, step: int) -> None:
    duration_ns = max(min(near_ns + step, (1 << 63) - 1), -(1 << 63))
    times = simulation.memory.map(TIME_BUCKETS * 8)
    simulation.call("count_duration", times, duration_ns)
    counts = [simulation.memory.load(times + place * 8, 8, False) for place in range(TIME_BUCKETS)]
    expected = [0] * TIME_BUCKETS
    expected[bisect.bisect_right(BOUNDARIES_NS, duration_ns)] = 1
    assert counts == expected
