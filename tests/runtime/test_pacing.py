"""The pacer of the process: what it reads from the heap, what it prints, and one whole cycle, on simulated memory."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runtime.memory_native import Simulated
from tests.runtime.test_settings import output
from tricolor.runtime import settings_keys as keys
from tricolor.runtime.collector.workers import WORKER_ASSIST, WORKER_IDLE, WORKER_SHARE

MIB = 1 << 20
LIVE_BYTES = 20 * MIB
BEGIN_NS = 1_000_000_000_000
"""Later than the clock of the simulation."""


@pytest.fixture
def heap() -> Simulated:
    """A heap with 20 MiB live after a cycle, and 18 MiB allocated since."""
    made = Simulated(1 << 30, check_level=1)
    made.call("root", 0, made.call("malloc", LIVE_BYTES, 0))
    made.call("collect")
    made.call("malloc", 18 * MIB, 0)
    return made


def pacer(heap: Simulated, field: str) -> float:
    return heap.simulation.load_field("Pacer", heap.simulation.globals["tricolor.pacer"], field)


def limiter(heap: Simulated, field: str) -> float:
    return heap.simulation.load_field("Limiter", heap.simulation.globals["tricolor.limiter"], field)


def mheap(heap: Simulated, field: str) -> float:
    return heap.simulation.load_field("MHeap", heap.simulation.globals["mheap"], field)


def test_a_short_cycle_needs_no_runway(heap: Simulated) -> None:
    assert mheap(heap, "trigger") == mheap(heap, "goal") == 2 * LIVE_BYTES


def test_over_the_memory_limit_the_program_still_runs_between_two_cycles(heap: Simulated) -> None:
    heap.call("configure", keys.MEMORY_LIMIT, MIB)
    assert mheap(heap, "trigger") == mheap(heap, "goal") == LIVE_BYTES + (64 << 10)


def run_cycle(heap: Simulated) -> None:
    """A cycle of 8 ms, with stops of 1 ms and 2 ms; 1 MiB is allocated, 10 MiB are scanned."""
    ms = 1_000_000
    call = heap.simulation.call
    call("begin_pacing", BEGIN_NS + 101 * ms, BEGIN_NS + 100 * ms, False)
    call("resume_pacing", BEGIN_NS + 101 * ms)
    call("count_slice", WORKER_SHARE, 9 * MIB, 1000, ms)
    call("count_slice", WORKER_ASSIST, MIB, 24, 3 * ms)
    call("count_slice", WORKER_IDLE, 0, 0, ms)
    call("count_globals")
    heap.call("malloc", MIB, 0)
    call("revise_pacing", BEGIN_NS + 106 * ms)
    call("end_pacing", BEGIN_NS + 107 * ms, BEGIN_NS + 106 * ms)
    call("set_goal_after", 11 * MIB, True)
    call("resume_pacing", BEGIN_NS + 108 * ms)


def test_a_cycle_tells_the_pacer_what_it_scanned_and_how_long_it_took(heap: Simulated) -> None:
    run_cycle(heap)
    assert pacer(heap, "heap_marked") == 11 * MIB
    assert (pacer(heap, "last_heap_scan"), pacer(heap, "last_stack_scan")) == (10 * MIB, 1024)
    assert mheap(heap, "goal") == 2 * 11 * MIB + 1024
    # The program allocates so fast that the next cycle begins as early as it may.
    assert mheap(heap, "trigger") == 11 * MIB + (11 * MIB + 1024) // 64 * 45
    assert pacer(heap, "mark_rate") == (10 * MIB + 1024) / 5_000_000
    # One processor, 6 ms: a quarter, half of it for assists, a sixth for idle workers.
    assert pacer(heap, "cons_mark") == pytest.approx(MIB / (10 * MIB + 1024) * (0.75 + 1 / 6) / 0.25)
    assert pacer(heap, "last_heap_goal") == 2 * LIVE_BYTES


def test_the_limiter_sees_stops_assists_and_idle_time(heap: Simulated) -> None:
    run_cycle(heap)
    ms = 1_000_000
    # Stops of 1 and 2 ms; and 5 ms between them: a quarter and 3 ms of assists for the collector, the rest less 1 ms idle for the program.
    window = 5 * ms // 4 + 3 * ms - (5 * ms - ms - 5 * ms // 4 - 3 * ms)
    assert limiter(heap, "fill") == 3 * ms + window
    assert (limiter(heap, "capacity"), limiter(heap, "cycle")) == (1_000_000_000, 3), "two cycles in the fixture, and this one"


def test_gcpacertrace_prints_two_lines_for_each_cycle(heap: Simulated) -> None:
    heap.call("configure", keys.PACER_TRACE, 1)
    run_cycle(heap)
    scan, runway = 1000, 2 * LIVE_BYTES - 38 * MIB
    assert output(heap) == (
        f"pacer: assist ratio={scan / runway:.6g} (scan 18 MB in 38->40 MB) workers=0+0.25\n"
        f"pacer: 75% CPU (25 exp.) for {10 * MIB}+1024+0 B work (0 B exp.) in {38 * MIB} B -> {39 * MIB} B "
        f"(∆goal -{MIB}, cons/mark 0)\n"
    )


def ratio_text(value: float) -> str:
    """What Go's %g would print of six digits."""
    exponent = math.floor(math.log10(float(f"{value:.5e}")))
    if exponent < -4 or exponent >= 21:
        mantissa, power = f"{value:.5e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{power}"
    text = f"{float(f'{value:.5e}'):.{max(5 - exponent, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@pytest.fixture(scope="module")
def printer() -> Simulated:
    return Simulated(1 << 26, check_level=1)


@given(st.one_of(st.floats(1e-12, 1e12), st.integers(1, 10**15).map(float), st.sampled_from([0.25, 1e-4, 9.999996e-5, 999999.6, 1e21])))
def test_a_ratio_is_printed_with_six_digits(printer: Simulated, value: float) -> None:
    printer.simulation.call("put_ratio", value)
    printer.simulation.call("flush_output")
    text = output(printer)
    assert float(text) == pytest.approx(value, rel=5.1e-6)
    assert text.replace(".", "").split("e")[0].strip("0") == ratio_text(value).replace(".", "").split("e")[0].strip("0") or (
        abs(float(text) - float(ratio_text(value))) <= 1.1e-5 * value
    ), "a tie may be rounded either way"
    assert ("e" in text) == ("e" in ratio_text(value))


def test_no_ratio_and_an_endless_one_are_printed_as_go_prints_them(printer: Simulated) -> None:
    for value in 0.0, math.inf:
        printer.simulation.call("put_ratio", value)
        printer.simulation.call("put_signed", 0)
    printer.simulation.call("flush_output")
    assert output(printer) == "00+Inf0"
