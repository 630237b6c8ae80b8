"""The nineteen scenarios in which Go tests its pacer, with the same programs and the same bounds.

Source: Go 1.27.3 runtime/mgcpacer_test.go (TestGcPacer).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tests.runtime.pacer_world import BACKGROUND_SHARE, GROWS, KIB, Result, Scenario, Stream, constant, noise, ramp, unit

MIB = 1 << 20
LIMIT = 512 * MIB
LIMIT_GOAL = LIMIT - LIMIT // 100 * 3
"""The goal that a limit without overhead leaves."""
HEAP_MINIMUM = 4 * MIB


def near(name: str, value: float, wanted: float, epsilon: float) -> None:
    within(name, value, wanted - epsilon, wanted + epsilon)


def within(name: str, value: float, low: float, high: float) -> None:
    assert low <= value <= high, f"{name} is {value}, not from {low} to {high}"


def meets_its_goal(results: Sequence[Result], low: float = 0.95, high: float = 1.05) -> None:
    within("goal ratio", results[-1].goal_ratio, low, high)


def is_level(results: Sequence[Result], epsilon: float = 0.005) -> None:
    """The collector's share is that of the cycle before."""
    near("share", results[-1].share, results[-2].share, epsilon)


def takes_a_quarter(results: Sequence[Result], epsilon: float = 0.005) -> None:
    near("share", results[-1].share, BACKGROUND_SHARE, epsilon)


def settles(results: Sequence[Result]) -> None:
    if len(results) >= 25:
        takes_a_quarter(results)
        is_level(results)
        meets_its_goal(results)


def settles_before_and_after_a_step(results: Sequence[Result]) -> None:
    if 25 <= len(results) < 50 or len(results) >= 75:
        is_level(results)
        meets_its_goal(results)


def keeps_its_share_when_a_large_heap_grows(results: Sequence[Result]) -> None:
    if len(results) > 12:
        meets_its_goal(results, 0.90, 15 if len(results) == 26 else 1.05)
        takes_a_quarter(results, BACKGROUND_SHARE + 0.03)
        is_level(results, 0.03)


def keeps_up(high_goal_ratio: float, high_share: float) -> Callable[[Sequence[Result]], None]:
    def check(results: Sequence[Result]) -> None:
        if len(results) > 12:
            meets_its_goal(results, 0.95, high_goal_ratio)
            within("share", results[-1].share, BACKGROUND_SHARE, high_share)

    return check


def does_not_run_wild(results: Sequence[Result]) -> None:
    if len(results) > 13:
        meets_its_goal(results)
        is_level(results, 0.05)
        near("share", results[-1].share, results[11].share, 0.05)


def levels_off(results: Sequence[Result]) -> None:
    if len(results) > 25:
        takes_a_quarter(results)
        is_level(results, 0.05)
        near("share", results[-1].share, results[11].share, 0.05)


def triggers_close_to_the_goal(after: int) -> Callable[[Sequence[Result]], None]:
    def check(results: Sequence[Result]) -> None:
        if len(results) > after:
            meets_its_goal(results, 0.925, 1.025)
            within("trigger ratio", results[-1].trigger_ratio, 0.925, 0.975)
        levels_off(results)

    return check


def leaves_the_least_runway(results: Sequence[Result]) -> None:
    if len(results) > 13:
        meets_its_goal(results)
        near("runway", results[-1].runway, HEAP_MINIMUM, 64 * KIB)
    levels_off(results)


def stays_below_the_limit(results: Sequence[Result]) -> None:
    assert results[-1].peak < LIMIT_GOAL
    settles(results)


def fills_the_limit(results: Sequence[Result]) -> None:
    assert results[-1].goal == LIMIT_GOAL
    settles(results)


def fills_the_limit_once_it_has_grown(results: Sequence[Result]) -> None:
    if len(results) > 12:
        assert results[-1].goal == LIMIT_GOAL
    settles(results)


def collects_all_the_time(results: Sequence[Result]) -> None:
    if len(results) > 12:
        assert results[-1].goal == results[-1].marked
    if len(results) >= 25:
        near("share", results[-1].share, 1.0, 0.005)
        is_level(results)


def fills_the_limit_then_collects_all_the_time(results: Sequence[Result]) -> None:
    if len(results) < 10:
        assert results[-1].goal == LIMIT_GOAL
    collects_all_the_time(results)


def oscillate(height: float, period: int) -> Stream:
    return Stream(lambda cycle: math.sin(cycle % period / period * 2 * math.pi) * height)


# What Go's math/rand gives for the seeds of its scenarios, by seed.
RANDOM: dict[int, tuple[float, ...]] = {
    0x53: (
        0.241755,
        0.319063,
        0.719967,
        0.541692,
        0.166825,
        0.142013,
        0.814477,
        0.707704,
        0.665557,
        0.863248,
        0.269684,
        0.272069,
        0.554558,
        0.490728,
        0.167976,
        0.962070,
        0.999511,
        0.451793,
        0.954920,
        0.698760,
        0.513223,
        0.332953,
        0.142973,
        0.525571,
        0.012850,
        0.962836,
        0.825997,
        0.752582,
        0.568411,
        0.725660,
        0.960766,
        0.874343,
        0.374124,
        0.160211,
        0.038380,
        0.777160,
        0.778823,
        0.811072,
        0.611364,
        0.164548,
        0.721811,
        0.431977,
        0.342032,
        0.950699,
        0.492283,
        0.859161,
        0.166715,
        0.810892,
        0.256681,
        0.145767,
    ),
    0x1: (
        0.604660,
        0.940509,
        0.664560,
        0.437714,
        0.424637,
        0.686823,
        0.065637,
        0.156519,
        0.096970,
        0.300912,
        0.515213,
        0.813640,
        0.214264,
        0.380657,
        0.318058,
        0.468890,
        0.283034,
        0.293102,
        0.679085,
        0.218553,
        0.203187,
        0.360871,
        0.570673,
        0.862491,
        0.293114,
        0.297083,
        0.752573,
        0.206583,
        0.865335,
        0.696719,
        0.523820,
        0.028303,
        0.158328,
        0.607253,
        0.975242,
        0.079454,
        0.594809,
        0.059121,
        0.692025,
        0.301523,
        0.173266,
        0.541100,
        0.544156,
        0.278508,
        0.423152,
        0.530586,
        0.253541,
        0.282081,
        0.788605,
        0.361805,
    ),
    0xF: (
        0.407547,
        0.384192,
        0.098583,
        0.743202,
        0.479392,
        0.065046,
        0.282014,
        0.614336,
        0.646617,
        0.997925,
        0.810560,
        0.851796,
        0.180248,
        0.355362,
        0.600751,
        0.952983,
        0.837991,
        0.009696,
        0.635752,
        0.273790,
        0.676141,
        0.925213,
        0.173095,
        0.408942,
        0.993499,
        0.830420,
        0.814943,
        0.774033,
        0.448722,
        0.154868,
        0.271152,
        0.192880,
        0.296822,
        0.138266,
        0.084062,
        0.593458,
        0.049595,
        0.729029,
        0.569808,
        0.773696,
        0.281164,
        0.338521,
        0.578120,
        0.643415,
        0.365244,
        0.978622,
        0.677652,
        0.644869,
        0.169045,
        0.944427,
    ),
    0xE: (
        0.757126,
        0.996930,
        0.460809,
        0.564902,
        0.168914,
        0.761726,
        0.361411,
        0.312733,
        0.283000,
        0.674678,
        0.204966,
        0.152833,
        0.042073,
        0.383057,
        0.231171,
        0.511796,
        0.690604,
        0.290534,
        0.768753,
        0.661811,
        0.157542,
        0.127719,
        0.047259,
        0.927241,
        0.820104,
        0.942224,
        0.565126,
        0.874088,
        0.212412,
        0.827513,
        0.796203,
        0.363326,
        0.445654,
        0.159210,
        0.073068,
        0.043649,
        0.825597,
        0.273948,
        0.676897,
        0.294990,
        0.192187,
        0.212564,
        0.697277,
        0.279109,
        0.727633,
        0.681584,
        0.986131,
        0.023092,
        0.195761,
        0.931449,
    ),
    0x0: (
        0.945196,
        0.244965,
        0.655956,
        0.054344,
        0.367587,
        0.289480,
        0.192439,
        0.655332,
        0.897170,
        0.167354,
        0.288586,
        0.902605,
        0.849780,
        0.273047,
        0.609080,
        0.253656,
        0.774654,
        0.017481,
        0.787074,
        0.799394,
        0.356409,
        0.426192,
        0.510242,
        0.240432,
        0.209202,
        0.693070,
        0.401898,
        0.284824,
        0.683397,
        0.437537,
        0.104015,
        0.315969,
        0.151294,
        0.731342,
        0.314167,
        0.368475,
        0.647737,
        0.359643,
        0.542313,
        0.018168,
        0.518107,
        0.114876,
        0.755985,
        0.602625,
        0.850639,
        0.083662,
        0.923182,
        0.941462,
        0.471178,
        0.834770,
    ),
    0x152: (
        0.458941,
        0.930436,
        0.607677,
        0.315629,
        0.448697,
        0.473108,
        0.524952,
        0.448356,
        0.262360,
        0.727631,
        0.295359,
        0.627805,
        0.947606,
        0.226706,
        0.537712,
        0.471262,
        0.295362,
        0.025248,
        0.565720,
        0.065159,
        0.198117,
        0.933579,
        0.902684,
        0.205519,
        0.127813,
        0.902412,
        0.552624,
        0.224781,
        0.411721,
        0.888816,
        0.300854,
        0.268857,
        0.849817,
        0.741692,
        0.195195,
        0.320946,
        0.722440,
        0.907347,
        0.324911,
        0.541171,
        0.892389,
        0.684492,
        0.126928,
        0.079638,
        0.928592,
        0.506262,
        0.252116,
        0.651539,
        0.973615,
        0.629865,
    ),
}


def random(height: float, seed: int) -> Stream:
    return noise(height, RANDOM[seed])


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("steady", settles),
    Scenario("big stacks", settles, alloc_rate=constant(132), stack_bytes=constant(2048) + ramp(128 * MIB, 8)),
    Scenario("big globals", settles, alloc_rate=constant(132), globals_bytes=128 * MIB),
    Scenario("step", settles_before_and_after_a_step, alloc_rate=constant(33) + ramp(66, 1).delay(50), length=100),
    Scenario("heavy step", settles_before_and_after_a_step, alloc_rate=constant(33) + ramp(330, 1).delay(50), length=100),
    Scenario(
        "more pointers",
        settles_before_and_after_a_step,
        alloc_rate=constant(128),
        scannable=constant(0.2) + unit(0.5).delay(50),
        length=100,
    ),
    Scenario(
        "high GOGC",
        keeps_its_share_when_a_large_heap_grows,
        percent=1500,
        alloc_rate=random(7, 0x53) + 165,
        growth=GROWS + random(0.01, 0x1) + unit(14).delay(25),
    ),
    Scenario("oscillating", keeps_up(1.05, 0.3), alloc_rate=oscillate(13, 8) + 67),
    Scenario("jitter", keeps_up(1.025, 0.275), alloc_rate=random(13, 0xF) + 132, growth=GROWS + random(0.01, 0xE)),
    Scenario("heavy jitter", does_not_run_wild, alloc_rate=random(33, 0x0) + 330, growth=GROWS + random(0.01, 0x152)),
    Scenario(
        "small heap, slow allocation",
        triggers_close_to_the_goal(4),
        alloc_rate=constant(1),
        scan_rate=constant(2048),
        growth=constant(2) + ramp(-1, 3),
        scannable=constant(0.01),
    ),
    Scenario(
        "medium heap, slow allocation",
        triggers_close_to_the_goal(9),
        alloc_rate=constant(1),
        scan_rate=constant(2048),
        growth=constant(2) + ramp(-1, 8),
        scannable=constant(0.01),
    ),
    Scenario(
        "large heap, slow allocation",
        leaves_the_least_runway,
        alloc_rate=constant(1),
        scan_rate=constant(2048),
        growth=constant(4) + ramp(-3, 12),
        scannable=constant(0.01),
    ),
    Scenario("limit with room", stays_below_the_limit, limit=LIMIT),
    Scenario("limit alone", fills_the_limit, percent=-1, limit=LIMIT),
    Scenario("limit exceeded", collects_all_the_time, limit=LIMIT, growth=constant(3.5) + ramp(-2.5, 12)),
    Scenario(
        "limit alone exceeded",
        fills_the_limit_then_collects_all_the_time,
        percent=-1,
        limit=LIMIT,
        growth=constant(3.5) + ramp(-2.5, 12),
    ),
    Scenario("limit kept", fills_the_limit_once_it_has_grown, limit=LIMIT, growth=constant(3) + ramp(-2, 12)),
    Scenario("limit alone kept", fills_the_limit, percent=-1, limit=LIMIT, growth=constant(3) + ramp(-2, 12)),
)
