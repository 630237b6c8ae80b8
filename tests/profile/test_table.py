"""The table of a joined profile fits any width, and its hints are about code that the reader can change."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from tests.profile.builders import STACK, frame, profile, sample, site
from tricolor.explain.model import Site
from tricolor.frontend.toolchain import find_toolchain
from tricolor.profile.join import join
from tricolor.profile.model import Sample, SampleType
from tricolor.profile.places import Named
from tricolor.profile.rows import Amount, by_caller, by_site, measure_of, shares_of, unmatched
from tricolor.report.profile_report import ProfileReport, write_table

_NAMED = Named({"example.com/m": []})
_KIND = SampleType.ALLOC_SPACE
_STANDARD = f"{find_toolchain().root}/src/strings/builder.go"


def _size(amount: Amount) -> int:
    return amount.bytes


def table(samples: list[Sample], sites: list[Site], *, callers: bool = False, everything: bool = False) -> str:
    found = profile(*samples)
    measure = measure_of(_KIND)
    landings = join(found, sites, _NAMED, frozenset({"example.com/m", "strings"}))
    rows = (by_caller if callers else by_site)(landings, measure, _size)
    total = sum((measure(one) for one in samples), Amount())
    report = ProfileReport(
        found, _KIND, _size, callers, rows, unmatched(landings, measure, _size), shares_of(landings, measure, _NAMED), total
    )
    out = io.StringIO()
    write_table(report, out, everything=everything)
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal_and_the_site_is_on_one(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    one = replace(site(line=3), why="because of a long chain of steps that " * 5, hint="do something about it " * 5)
    text = table([sample(frame(line=3)), sample(frame("example.com/m.G", line=99))], [one])
    assert max(map(len, text.splitlines())) <= width
    assert any("f.go:3:1: x: heap" in line and "16 B" in line for line in text.splitlines())
    assert "no site on this line" in text


def test_small_rows_are_only_counted() -> None:
    sites = [site(line=number) for number in range(1, 60)]
    samples = [sample(frame(line=number), objects=1_000_000 if number <= 12 else 1) for number in range(1, 60)]
    assert "... and 47 more rows: 752 B (0.0%) in 47 objects (--all shows them)" in table(samples, sites)
    assert "more rows" not in table(samples, sites, everything=True)


def test_a_row_names_the_line_it_is_charged_to_unless_that_is_its_own() -> None:
    inner = site("strings.F", _STANDARD, 7, package="strings")
    samples = [sample(frame("strings.F", _STANDARD, 7), frame(line=number), objects=number) for number in (2, 3, 4)]
    text = table([*samples, sample(frame(line=9))], [inner, site(line=9)])
    assert "strings/builder.go:7:1: x: heap\n" in text.replace("  ", "").replace(" \n", "\n")
    assert "charged to /src/m/f.go:4 and 2 more lines" in text
    assert text.count("charged to") == 1
    callers = table([*samples, sample(frame(line=9))], [inner, site(line=9)], callers=True)
    assert "/src/m/f.go:4: strings/builder.go:7:1: x: heap" in callers
    assert "/src/m/f.go:9: x: heap" in callers


def test_hints_are_about_what_the_reader_can_change() -> None:
    own = replace(site(line=5), hint="own hint")
    grown = replace(site("strings.(*Builder).WriteString", _STANDARD, 7, package="strings"), hint="their hint")
    samples = [sample(frame(line=5)), sample(frame("strings.(*Builder).WriteString", _STANDARD, 7), frame(line=6))]
    text = table(samples, [own, grown])
    assert "hint: own hint" in text
    assert "their hint" not in text
    assert "hint: before writing, call Grow" in text


def test_bytes_at_a_site_on_the_stack_are_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    text = table([sample(frame(inlined=True), frame(line=7))], [site(cost=STACK)])
    assert "by its verdict this site does not allocate; but the function was inlined" in text
    assert "100.00% of the bytes at sites whose verdict is stack (100.00% in inlined functions)" in text
