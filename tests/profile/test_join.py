"""A sample lands on the sites of its innermost line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.profile.builders import ABOVE, STACK, frame, profile, sample, site
from tricolor.explain.model import Cost, CostClass, Site
from tricolor.explain.runtime_calls import RUNTIME_CALL
from tricolor.profile.join import Landing, Miss, join, packages_of
from tricolor.profile.model import Sample, SampleType
from tricolor.profile.places import Named
from tricolor.profile.rows import Amount, Row, by_caller, by_site, measure_of, shares_of, unmatched

NAMED = Named({"example.com/m": []})
EXPLAINED = frozenset({"example.com/m", "strings"})
ALLOCATED = measure_of(SampleType.ALLOC_SPACE)


def land(one: Sample, *sites: Site) -> Landing:
    (landing,) = join(profile(one), sites, NAMED, EXPLAINED)
    return landing


def size_of(amount: Amount) -> int:
    return amount.bytes


def rows_of(samples: Sequence[Sample], *sites: Site) -> list[Row]:
    return by_site(join(profile(*samples), sites, NAMED, EXPLAINED), ALLOCATED, size_of)


def test_the_innermost_line_is_charged_where_calls_were_inlined() -> None:
    inner, outer = site("example.com/m.F", line=3), site("example.com/m.G", line=9)
    one = sample(frame("example.com/m.F", line=3, inlined=True), frame("example.com/m.G", line=9))
    assert land(one, inner, outer).sites == (inner,)


@pytest.mark.parametrize(
    ("object_bytes", "expected"),
    [(48, "a"), (64, "b"), (40, "a"), (0, "abc"), (4096, "c")],
)
def test_the_size_decides_between_several_sites(object_bytes: int, expected: str) -> None:
    sites = (site(expression="a", size_bytes=40), site(expression="b", size_bytes=64), site(expression="c", size_bytes=4096))
    assert "".join(one.expression for one in land(sample(frame(), object_bytes=object_bytes), *sites).sites) == expected


def test_a_site_of_unknown_size_matches_every_size() -> None:
    sites = (site(expression="a", size_bytes=40), site(expression="append"))
    assert len(land(sample(frame(), object_bytes=48), *sites).sites) == 2
    assert [one.expression for one in land(sample(frame(), object_bytes=64), *sites).sites] == ["append"]


@pytest.mark.parametrize(("size_bytes", "object_bytes"), [(8, 16), (600, 640), (1020, 1152), (40000, 40960)])
def test_sizes_are_rounded_as_the_allocator_rounds(size_bytes: int, object_bytes: int) -> None:
    """Tiny objects share 16 bytes; larger ones with pointers have a header; huge ones take pages."""
    sites = (site(expression="right", size_bytes=size_bytes), site(expression="wrong", size_bytes=200))
    assert [one.expression for one in land(sample(frame(), object_bytes=object_bytes), *sites).sites] == ["right"]


def test_all_sites_remain_if_the_size_fits_none() -> None:
    assert len(land(sample(frame(), object_bytes=8192), site(column=1, size_bytes=40), site(column=2, size_bytes=48)).sites) == 2


def test_sites_on_the_stack_are_ignored_if_another_site_may_allocate() -> None:
    above = site(expression="above", cost=ABOVE)
    assert land(sample(frame()), site(cost=STACK), above, site(cost=Cost(CostClass.NONE))).sites == (above,)


@pytest.mark.parametrize("inlined", [False, True])
def test_bytes_at_a_site_of_the_stack_contradict_it_and_are_counted(inlined: bool) -> None:
    landings = join(profile(sample(frame(inlined=inlined), frame(line=7))), [site(cost=STACK)], NAMED, EXPLAINED)
    assert landings[0].contradicts
    shares = shares_of(landings, ALLOCATED, NAMED)
    assert (shares.contradicting, shares.inlined, shares.heap, shares.missed) == (16, 16 * inlined, 0, 0)
    assert by_site(landings, ALLOCATED, size_of)[0].contradicts


def test_a_function_that_the_runtime_defines_selects_the_call_on_its_callers_line() -> None:
    makes = frame("internal/bytealg.MakeNoZero", "/go/src/runtime/slice.go", 437)
    grows = frame("strings.(*Builder).grow", "/go/src/strings/builder.go", 67)
    call = replace(
        site("strings.(*Builder).grow", "/go/src/strings/builder.go", 67, expression="bytealg.MakeNoZero(...)"), kind=RUNTIME_CALL
    )
    others = (replace(call, expression="reflect.unsafe_New(...)", number=2), replace(call, kind="append", expression="append"))
    assert land(sample(makes, grows), *others, call).sites == (call,)
    assert land(sample(makes, grows), *others).sites == others
    assert land(sample(makes, grows)).miss is Miss.NO_SITE


def test_a_site_in_the_runtime_itself_matches() -> None:
    timer = site("time.newTimer", "/go/src/runtime/time.go", 395, package="runtime")
    at = frame("time.newTimer", "/go/src/runtime/time.go", 395)
    assert land(sample(at, frame("time.NewTimer", "/go/src/time/sleep.go", 90)), timer).sites == (timer,)


def test_frames_of_the_allocator_are_skipped() -> None:
    made = site("runtime.malg", "/go/src/runtime/proc.go", 5313, package="runtime")
    stack = (frame("runtime.mallocgc", "/go/src/runtime/malloc.go", 1125), frame("runtime.malg", "/go/src/runtime/proc.go", 5313))
    assert land(sample(*stack), made).sites == (made,)


@pytest.mark.parametrize(
    ("frames", "miss"),
    [
        ((), Miss.NO_POSITION),
        ((frame("example.com/m.F", "", 0),), Miss.NO_POSITION),
        ((frame("main.main", "_testmain.go", 48),), Miss.NO_POSITION),
        ((frame("example.com/m.TestF", "/src/m/f_test.go", 4),), Miss.TEST),
        ((frame("example.org/other.F", "/src/other/o.go", 4),), Miss.NO_PACKAGE),
        ((frame("example.com/m.F", line=8),), Miss.NO_SITE),
        ((frame("runtime.mallocgc", "", 0),), Miss.RUNTIME),
        ((frame("runtime.mallocgc", "/go/src/runtime/malloc.go", 1),), Miss.RUNTIME),
    ],
)
def test_a_sample_without_a_site_has_a_reason(frames: tuple[object, ...], miss: Miss) -> None:
    landings = join(profile(sample(*frames)), [site()], NAMED, EXPLAINED)  # pyright: ignore[reportArgumentType]
    assert (landings[0].miss, landings[0].sites) == (miss, ())
    assert [one.miss for one in unmatched(landings, ALLOCATED, size_of)] == [miss]
    assert shares_of(landings, ALLOCATED, NAMED).missed == 16


def test_the_packages_that_allocate_are_explained() -> None:
    one = profile(
        sample(frame("fmt.Sprintf", "/go/src/fmt/print.go", 232), frame("main.main", "/m.go", 3)),
        sample(
            frame("reflect.unsafe_New", "/go/src/runtime/malloc.go", 2162),
            frame("reflect.New", "/go/src/reflect/value.go", 7),
            frame("json.x"),
        ),
        sample(
            frame("slices.Grow[go.shape.int]", "/go/src/slices/slices.go", 1), frame("bytes.F", "/go/src/bytes/b.go", 2), frame("os.Exit")
        ),
        sample(frame("main.main", "/m.go", 3)),
    )
    assert packages_of(one) == {"fmt", "runtime", "reflect", "slices", "bytes"}


# --- rows ---


def test_rows_are_ranked_and_charged_to_the_users_lines() -> None:
    sites = (site("strings.F", "/go/src/strings/s.go", 1, package="strings"), site(line=5))
    inner = frame("strings.F", "/go/src/strings/s.go", 1)
    samples = [sample(inner, frame(line=20)), sample(inner, frame(line=30), objects=5), sample(frame(line=5), objects=2)]
    first, second = rows_of(samples, *sites)
    assert (first.amount, second.amount) == (Amount(6, 96), Amount(2, 32))
    assert [(charge.frame and charge.frame.line, charge.amount.objects) for charge in first.charges] == [(30, 5), (20, 1)]
    assert [charge.frame and charge.frame.line for charge in second.charges] == [5]


def test_a_callers_row_adds_up_everything_that_its_line_allocates() -> None:
    sites = (site("strings.F", "/go/src/strings/s.go", 1, package="strings"), site(line=20))
    inner = frame("strings.F", "/go/src/strings/s.go", 1)
    samples = [sample(inner, frame(line=20), objects=3), sample(frame(line=20)), sample(inner, frame("other.F", "/o.go", 1), objects=9)]
    landings = join(profile(*samples), sites, NAMED, EXPLAINED)
    rows = by_caller(landings, ALLOCATED, size_of)
    assert [(row.charges[0].frame and row.charges[0].frame.line, row.amount.objects, row.lines) for row in rows] == [
        (None, 9, 1),
        (20, 4, 2),
    ]
    assert rows[1].sites == (sites[0],)


def test_a_caller_of_whose_allocations_nothing_is_in_use_has_no_row() -> None:
    freed, kept = sample(frame()), Sample((frame(line=2),), 4, 64, 1, 16, 16)
    landings = join(profile(freed, kept), [site(), site(line=2)], NAMED, EXPLAINED)
    rows = by_caller(landings, measure_of(SampleType.INUSE_SPACE), size_of)
    assert [(row.sites[0].position.line, row.amount) for row in rows] == [(2, Amount(1, 16))]


def test_rows_of_memory_in_use_leave_out_freed_objects() -> None:
    freed, kept = sample(frame()), Sample((frame(line=2),), 4, 64, 1, 16, 16)
    landings = join(profile(freed, kept), [site(), site(line=2)], NAMED, EXPLAINED)
    rows = by_site(landings, measure_of(SampleType.INUSE_OBJECTS), size_of)
    assert [(row.sites[0].position.line, row.amount) for row in rows] == [(2, Amount(1, 16))]


def test_matched_shares_leave_out_the_runtime() -> None:
    samples = [sample(frame()), sample(frame(line=8)), sample(frame("runtime.mallocgc", "", 0), objects=10)]
    shares = shares_of(join(profile(*samples), [site()], NAMED, EXPLAINED), ALLOCATED, NAMED)
    assert (shares.matched_percent, shares.own_matched_percent) == (50, 50)
    assert shares.percent(shares.heap) == pytest.approx(100 / 12)  # pyright: ignore[reportUnknownMemberType]
