"""Write a heap profile that is joined with the allocation sites, as a table or as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TextIO, final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tricolor.explain.model import CostClass, Site
from tricolor.frontend.toolchain import find_toolchain
from tricolor.profile.model import Frame, HeapProfile, SampleType
from tricolor.profile.rows import Amount, Charge, Row, Shares, Unmatched
from tricolor.report.escape_text import decision_text, shown_path
from tricolor.report.units import bytes_text, count_text, counted_text

_MOST_ROWS: Final = 40
_MOST_UNMATCHED: Final = 10
_GROW: Final = "before writing, call Grow with the size that the text will have"
_CALLER_HINTS: Final = (("strings.(*Builder).Write", _GROW), ("bytes.(*Buffer).grow", _GROW), ("bytes.growSlice", _GROW))
_OUTSIDE: Final = "(not called by these packages)"
_FEW_ROWS: Final = 10
_LEAST_SHARE: Final = 0.001
_WIDTH_WITHOUT_TERMINAL: Final = 120
_STYLES: Final = {CostClass.HEAP: "red", CostClass.HEAP_ABOVE: "yellow", CostClass.STACK: "green", CostClass.NONE: "green"}


@final
@dataclass(frozen=True, slots=True)
class ProfileReport:
    """``rank``: the measure by which rows are sorted and shares are computed; ``callers``: rows are lines of the named packages."""

    profile: HeapProfile
    kind: SampleType
    rank: Callable[[Amount], int]
    callers: bool
    rows: Sequence[Row]
    unmatched: Sequence[Unmatched]
    shares: Shares
    total: Amount


def write_json(report: ProfileReport, out: TextIO) -> None:
    """Everything, as one object."""
    shares = report.shares
    data = {
        "binary": report.profile.binary,
        "rate_bytes": report.profile.rate_bytes,
        "sample": report.kind.value,
        "total_objects": report.total.objects,
        "total_bytes": report.total.bytes,
        "bytes": {
            "heap": shares.heap,
            "heap_when_larger": shares.heap_above,
            "stack": shares.contradicting,
            "stack_inlined": shares.inlined,
            "unmatched": shares.missed,
        },
        "rows": [_json_row(report, row) for row in report.rows],
        "unmatched": [
            {"bytes": one.amount.bytes, "objects": one.amount.objects, "share": _share(report, one.amount), "reason": one.miss.value}
            | _json_frame(one.at)
            for one in report.unmatched
        ],
    }
    json.dump(data, out, indent=1)
    out.write("\n")


def _json_row(report: ProfileReport, row: Row) -> dict[str, Any]:
    return {
        "bytes": row.amount.bytes,
        "objects": row.amount.objects,
        "share": _share(report, row.amount),
        "sites": [_json_site(site) for site in row.sites],
        "sites_added_up": row.lines,
        "contradicts_verdict": row.contradicts,
        "inlined": row.inlined,
        "charged_to": [{"bytes": charge.amount.bytes, "objects": charge.amount.objects} | _json_frame(charge.frame) for charge in row.charges],
    }  # fmt: skip


def _json_site(site: Site) -> dict[str, Any]:
    position = site.position
    return {
        "package": site.package, "function": site.function, "expression": site.expression, "kind": site.kind, "type": site.type,
        "size_bytes": site.size_bytes, "file": position.file, "line": position.line, "column": position.column, "verdict": site.verdict.value,
        "cost": str(site.cost), "note": site.cost.note, "why": site.why, "hint": site.hint,
    }  # fmt: skip


def _json_frame(frame: Frame | None) -> dict[str, Any]:
    return (
        {"function": frame.function, "file": frame.file, "line": frame.line}
        if frame is not None
        else {"function": "", "file": "", "line": 0}
    )


def _share(report: ProfileReport, amount: Amount) -> float:
    whole = report.rank(report.total)
    return report.rank(amount) / whole if whole else 0.0


# --- text ---


def write_table(report: ProfileReport, out: TextIO, *, everything: bool) -> None:
    """Write the most expensive rows, what did not match, and the totals. ``everything``: write all rows."""
    fixed = not out.isatty() and "COLUMNS" not in os.environ
    console = Console(file=out, width=_WIDTH_WITHOUT_TERMINAL if fixed else None, highlight=False, markup=False)
    rows = report.rows if everything else _most_expensive(report)
    console.print(_table(report, rows))
    _print_rest(console, report, report.rows[len(rows) :], "more rows")
    if report.unmatched:
        _print_unmatched(console, report, everything=everything)
    console.print()
    for line in summary(report):
        console.print(line)


def _most_expensive(report: ProfileReport) -> Sequence[Row]:
    """The rows to show: at most 40, without rows below 0.1 %; but always the first ten."""
    worth = sum(_share(report, row.amount) >= _LEAST_SHARE for row in report.rows)
    return report.rows[: min(max(worth, _FEW_ROWS), _MOST_ROWS)]


def _table(report: ProfileReport, rows: Iterable[Row]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("bytes", "share", "objects"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("line: most expensive site" if report.callers else "site", overflow="fold")
    for row in rows:
        table.add_row(
            Text(bytes_text(row.amount.bytes)),
            Text(f"{100 * _share(report, row.amount):.1f}%"),
            Text(count_text(row.amount.objects)),
            _cell(row, callers=report.callers),
        )
    return table


def _cell(row: Row, *, callers: bool) -> Text:
    """The cell of a row: place, expression and decision, then a line each for charges, reasons and hints."""
    text = Text()
    place, charge = _where(row), row.charges[0]
    if callers:
        text.append(f"{_frame_text(charge.frame)}: ")
    if not callers or not _is_at(charge, row.sites[0]):
        text.append(f"{place}: ")
    text.append(" or ".join(dict.fromkeys(site.expression for site in row.sites)), style="bold")
    text.append(": ")
    text.append(_decisions(row), style=_STYLES[row.sites[0].cost.kind] if _out_of_doubt(row) else "yellow")
    charged = _sites_besides(row) if callers else _charges(row)
    if charged:
        text.append(f"\n{charged}")
    if row.contradicts:
        text.append(
            "\nby its verdict this site does not allocate"
            + ("; but the function was inlined, and Go decides separately for each inlined copy" if row.inlined else "")
        )
    for why in dict.fromkeys(site.why for site in row.sites if site.why):
        text.append(f"\n{why}")
    for hint in dict.fromkeys(map(_hint, row.sites)):
        if hint:
            text.append(f"\nhint: {hint}", style="dim")
    return text


def _hint(site: Site) -> str:
    """The site's hint; for a site in Go's own tree, which the reader does not change, a hint for its callers."""
    if not site.position.file.startswith(f"{find_toolchain().root}/src/"):
        return site.hint
    return next((hint for function, hint in _CALLER_HINTS if site.function.startswith(function)), "")


def _out_of_doubt(row: Row) -> bool:
    """Whether all candidate sites of the row have the same cost class."""
    return len({site.cost.kind for site in row.sites}) == 1


def _where(row: Row) -> str:
    position = row.sites[0].position
    column = f":{position.column}" if len(row.sites) == 1 and position.column else ""
    return f"{_short(position.file)}:{position.line}{column}"


def _short(file: str) -> str:
    """The file's name: by import path in Go's own tree, relative to the working directory below that, else the whole path."""
    return shown_path(file.removeprefix(f"{find_toolchain().root}/src/"))


def _frame_text(frame: Frame | None) -> str:
    """``file:line``, or the function if the position is unknown."""
    if frame is None:
        return _OUTSIDE
    return f"{_short(frame.file)}:{frame.line}" if frame.line and frame.file else frame.function


def _charges(row: Row) -> str:
    """The line to which most of the row is charged; empty if that line is the site itself."""
    first = row.charges[0]
    if _is_at(first, row.sites[0]) and len(row.charges) == 1:
        return ""
    more = f" and {counted_text(len(row.charges) - 1, 'more line')}" if len(row.charges) > 1 else ""
    return f"{'' if first.frame is None else 'charged to '}{_frame_text(first.frame)}{more}"


def _is_at(charge: Charge, site: Site) -> bool:
    frame, position = charge.frame, site.position
    return frame is not None and frame.line == position.line and frame.file.rpartition("/")[2] == position.file.rpartition("/")[2]


def _sites_besides(row: Row) -> str:
    """How many more sites a caller's line leads to, besides the most expensive one."""
    return f"and {counted_text(row.lines - 1, 'more site')}" if row.lines > 1 else ""


def _decisions(row: Row) -> str:
    return " or ".join(dict.fromkeys(decision_text(site.verdict, site.cost) for site in row.sites))


def _print_rest(console: Console, report: ProfileReport, rest: Sequence[Row | Unmatched], what: str) -> None:
    if rest:
        amount = sum((row.amount for row in rest), Amount())
        share = 100 * _share(report, amount)
        console.print(
            f"... and {len(rest)} {what}: {bytes_text(amount.bytes)} ({share:.1f}%) in {count_text(amount.objects)} objects (--all shows them)"
        )


def _print_unmatched(console: Console, report: ProfileReport, *, everything: bool) -> None:
    console.print()
    console.print("Not matched to a site:")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for justify in ("right", "right", "left"):
        table.add_column(justify=justify, overflow="fold")
    shown = report.unmatched if everything else report.unmatched[:_MOST_UNMATCHED]
    for one in shown:
        name = one.at.function if one.at is not None else "(no stack)"
        place = f"{_frame_text(one.at)}: " if one.at is not None and one.at.file else ""
        share = f"{100 * _share(report, one.amount):.1f}%"
        table.add_row(Text(bytes_text(one.amount.bytes)), Text(share), Text(f"{place}{name}: {one.miss.value}"))
    console.print(table)
    _print_rest(console, report, report.unmatched[len(shown) :], "more lines")


def summary(report: ProfileReport) -> list[str]:
    """The lines below the table: what the profile counted, and where all bytes went."""
    shares = report.shares
    rate = report.profile.rate_bytes
    sampled = f", estimated from one sample per {bytes_text(rate)} on average" if rate > 1 else ""
    head = f"{report.kind.value}: {bytes_text(report.total.bytes)} in {count_text(report.total.objects)} objects{sampled}"
    parts = [
        (shares.heap, "at sites whose verdict is heap"),
        (shares.heap_above, "where a possible site allocates only when larger than its buffer"),
        (shares.contradicting, _contradicting(shares)),
        (shares.missed, "not matched"),
    ]
    return [head, *(f"{shares.percent(size):6.2f}% of the bytes {text}" for size, text in parts)]


def _contradicting(shares: Shares) -> str:
    text = "at sites whose verdict is stack"
    return f"{text} ({shares.percent(shares.inlined):.2f}% in inlined functions)" if shares.contradicting else text
