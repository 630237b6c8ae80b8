"""Lock files: they say what may allocate, and notice what newly does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tricolor.base.errors import UsageError
from tricolor.explain.lock import compare, lock_of, read_lock
from tricolor.explain.model import Cost, CostClass, Explained, Site, Verdict
from tricolor.frontend.records import Position

_HEAP = Cost(CostClass.HEAP)
_SITE = Site(
    "m/p", "m/p.f", "x y", 1, "method value", "int", 8, Position("p.go", 3, 2), Verdict.HEAP, _HEAP, "why", (), "", 0, True, False
)  # fmt: skip


def _explained(*sites: Site) -> Explained:
    return Explained("go1.27.3", {"m/p": list(sites)})


def test_a_lock_file_reads_back() -> None:
    lock = lock_of(_explained(_SITE, replace(_SITE, number=2), replace(_SITE, expression="z", cost=Cost(CostClass.HEAP_ABOVE, "", 32))))
    assert lock.text().splitlines() == [
        "tricolor escape lock 1 go1.27.3",
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


def test_new_and_gone_sites_are_told() -> None:
    lock = lock_of(_explained(_SITE))
    other = replace(_SITE, expression="other")
    difference = compare(lock, _explained(other), "lock")
    assert [(site.expression, before) for site, before in difference.new] == [("other", "")]
    assert [(entry.expression, count) for entry, count in difference.gone] == [("x y", 1)]


def test_one_more_of_the_same_is_new() -> None:
    lock = lock_of(_explained(_SITE))
    assert len(compare(lock, _explained(_SITE, replace(_SITE, number=2)), "lock").new) == 1


def test_a_dearer_cost_is_new_and_a_cheaper_one_is_not() -> None:
    above = replace(_SITE, cost=Cost(CostClass.HEAP_ABOVE, "", 32))
    worse = compare(lock_of(_explained(above)), _explained(_SITE), "lock")
    assert [before for _, before in worse.new] == ["heap>32"]
    assert not compare(lock_of(_explained(_SITE)), _explained(above), "lock").new


def test_packages_that_are_not_checked_are_left_alone() -> None:
    lock = lock_of(_explained(_SITE))
    assert not compare(lock, Explained("go1.27.3", {}), "lock").gone


@pytest.mark.parametrize("text", ["", "something else\n", "tricolor escape lock 1 go1.27.3\nheap one m/p m/p.f variable x\n", "tricolor escape lock 1 go1.27.3\nheap 1\n"])
def test_damaged_files_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="lock"):
        read_lock(text, "a.lock")


def test_another_version_of_go_is_refused() -> None:
    lock = read_lock("tricolor escape lock 1 go1.26.0\n", "a.lock")
    with pytest.raises(UsageError, match=r"go1\.26\.0.*go1\.27\.3"):
        compare(lock, _explained(), "a.lock")
