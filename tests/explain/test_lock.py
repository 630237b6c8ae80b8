"""Lock files record what may allocate, and comparing with them finds what newly allocates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tricolor.base.errors import UsageError
from tricolor.explain.lock import compare, flows_text, lock_of, read_lock
from tricolor.explain.model import Cost, CostClass, Effect, Explained, Parameter, Returned, Site, Verdict
from tricolor.frontend.records import Position

_HEAP = Cost(CostClass.HEAP)
_SITE = Site(
    package="m/p", function="m/p.f", expression="x y", number=1, kind="method value", type="int", size_bytes=8,
    position=Position("p.go", 3, 2), verdict=Verdict.HEAP, cost=_HEAP, why="why", chain=(), hint="", shapes=0, listed=True, foreign=False,
)  # fmt: skip


def _explained(*sites: Site) -> Explained:
    return Explained("go1.27.3", {"m/p": list(sites)})


def _parameter(effect: Effect, *returned: tuple[int, int], name: str = "x", literal: bool = False) -> Parameter:
    flows = tuple(Returned(result, f"~r{result}", derefs) for result, derefs in returned)
    return Parameter("m/p", "m/p.f", name, "*int", Position("p.go", 3, 8), effect, flows, "why", (), 0, False, literal)


def _with(*parameters: Parameter) -> Explained:
    return Explained("go1.27.3", {"m/p": []}, {"m/p": list(parameters)})


def test_a_lock_file_reads_back() -> None:
    lock = lock_of(_explained(_SITE, replace(_SITE, number=2), replace(_SITE, expression="z", cost=Cost(CostClass.HEAP_ABOVE, "", 32))))
    assert lock.text().splitlines() == [
        "tricolor escape lock 2 go1.27.3",
        "heap 2 m/p m/p.f method-value x y",
        "heap>32 1 m/p m/p.f method-value z",
    ]
    assert read_lock(lock.text(), "lock") == lock


def test_moved_lines_and_cheap_sites_change_nothing() -> None:
    lock = lock_of(_explained(_SITE))
    moved = replace(_SITE, position=Position("q.go", 99, 1))
    cheap = replace(_SITE, expression="c", cost=Cost(CostClass.NONE))
    difference = compare(lock, _explained(moved, cheap), "lock")
    assert not difference.new
    assert not difference.gone


def test_new_and_gone_sites_are_reported() -> None:
    lock = lock_of(_explained(_SITE))
    other = replace(_SITE, expression="other")
    difference = compare(lock, _explained(other), "lock")
    assert [(site.expression, before) for site, before in difference.new] == [("other", "")]
    assert [(entry.expression, count) for entry, count in difference.gone] == [("x y", 1)]


def test_one_more_of_the_same_is_new() -> None:
    lock = lock_of(_explained(_SITE))
    assert len(compare(lock, _explained(_SITE, replace(_SITE, number=2)), "lock").new) == 1


def test_a_higher_cost_is_new_and_a_lower_one_is_not() -> None:
    above = replace(_SITE, cost=Cost(CostClass.HEAP_ABOVE, "", 32))
    worse = compare(lock_of(_explained(above)), _explained(_SITE), "lock")
    assert [before for _, before in worse.new] == ["heap>32"]
    assert not compare(lock_of(_explained(_SITE)), _explained(above), "lock").new


def test_entries_of_packages_that_are_not_checked_are_ignored() -> None:
    lock = lock_of(_explained(_SITE))
    assert not compare(lock, Explained("go1.27.3", {}), "lock").gone


@pytest.mark.parametrize(
    "text",
    [
        "",
        "something else\n",
        "tricolor escape lock 2 go1.27.3\nheap one m/p m/p.f variable x\n",
        "tricolor escape lock 2 go1.27.3\nheap 1\n",
        "tricolor escape lock 2 go1.27.3\nparam most m/p m/p.f x\n",
        "tricolor escape lock 2",
    ],
)
def test_damaged_files_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="lock"):
        read_lock(text, "a.lock")


def test_another_version_of_go_is_refused() -> None:
    lock = read_lock("tricolor escape lock 2 go1.26.0\n", "a.lock")
    with pytest.raises(UsageError, match=r"go1\.26\.0.*go1\.27\.3"):
        compare(lock, _explained(), "a.lock")


def test_an_older_format_is_refused_and_the_message_says_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"a\.lock has lock format 1, .* regenerate the file with --lock a\.lock"):
        read_lock("tricolor escape lock 1 go1.27.3\nheap 1 m/p m/p.f variable x\n", "a.lock")


def test_the_lock_records_parameters_of_declared_functions() -> None:
    parameters = [
        _parameter(Effect.CONTENT, (0, 0), (1, 2)),
        _parameter(Effect.LEAKS, name="y"),
        _parameter(Effect.STAYS, name="z", literal=True),
    ]
    lock = lock_of(_with(*parameters))
    assert lock.text().splitlines()[1:] == ["param content+r0:0+r1:2 m/p m/p.f x", "param leaks m/p m/p.f y"]
    assert read_lock(lock.text(), "lock") == lock


@pytest.mark.parametrize(
    ("before", "now", "what"),
    [
        (_parameter(Effect.STAYS), _parameter(Effect.LEAKS), "worse"),
        (_parameter(Effect.STAYS), _parameter(Effect.RESULT, (0, 1)), "worse"),
        (_parameter(Effect.RESULT, (0, 1)), _parameter(Effect.RESULT, (0, 0)), "worse"),
        (_parameter(Effect.RESULT, (0, 1)), _parameter(Effect.RESULT, (1, 1)), "worse"),
        (_parameter(Effect.RESULT, (0, 0)), _parameter(Effect.CONTENT), "worse"),
        (_parameter(Effect.CONTENT), _parameter(Effect.CONTENT, (0, 0)), "worse"),
        (_parameter(Effect.CONTENT), _parameter(Effect.RESULT, (0, 1)), "better"),
        (_parameter(Effect.RESULT, (0, 0)), _parameter(Effect.RESULT, (0, 3)), "better"),
        (_parameter(Effect.LEAKS), _parameter(Effect.CONTENT, (0, 0)), "better"),
        (_parameter(Effect.LEAKS), _parameter(Effect.LEAKS), ""),
        (_parameter(Effect.STAYS, name="old"), _parameter(Effect.LEAKS), ""),
    ],
)
def test_a_parameter_that_leaks_more_or_less_is_reported(before: Parameter, now: Parameter, what: str) -> None:
    difference = compare(lock_of(_with(before)), _with(now), "lock")
    assert ["worse"] * len(difference.worse) + ["better"] * len(difference.better) == ([what] if what else [])


def test_flows_in_words() -> None:
    assert flows_text("content+r1:2") == "leaks what it points to, reaches result 2"
    assert flows_text("stays") == "does not escape"
