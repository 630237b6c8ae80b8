"""Write where a program's memory went: one row per allocation site, then a summary of the collector and the stacks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TextIO, final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tricolor.base.errors import EnvironmentFault
from tricolor.cache.store import read_entry
from tricolor.report.units import bytes_text, count_text, counted_text, duration_text
from tricolor.run.observe import Observation

_MOST_ROWS: Final = 40
_WIDTH_WITHOUT_TERMINAL: Final = 170


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One site. ``share``: its share of all allocated bytes, 0 to 1."""

    place: str
    what: str
    type: str
    function: str
    verdict: str
    why: str
    objects: int
    bytes: int
    share: float


def site_descriptions(key: str) -> list[dict[str, Any]]:
    """The descriptions of sites that compilation stored in the cache. Raises EnvironmentFault if the cache lacks them."""
    data = read_entry("sites", key)
    if data is None:
        raise EnvironmentFault("the cache no longer has the descriptions of the allocation sites: run the command again")
    return json.loads(data)


def build_rows(descriptions: Sequence[dict[str, Any]], observation: Observation, *, show_stack: bool) -> list[Row]:
    """The rows of the sites that allocated, most expensive first; with ``show_stack`` then the rows of sites on the stack."""
    total = max(1, sum(size for _, size in observation.sites))
    rows: list[Row] = []
    for site in descriptions:
        objects, size = observation.sites[int(site["number"])]
        on_stack = site["verdict"] == "stack"
        if not objects and not (on_stack and show_stack and not site["standard"]):
            continue
        rows.append(
            Row(
                _relative(site["place"]), site["what"], site["type"], site["function"], site["verdict"], site["why"],
                objects, size, size / total,
            )
        )  # fmt: skip
    objects, size = observation.sites[0]
    if objects:
        rows.append(Row("(runtime)", "runtime", "", "", "heap", "allocated by the runtime itself", objects, size, size / total))
    return sorted(rows, key=lambda row: (-row.bytes, -row.objects, row.verdict, row.place))


def _relative(place: str) -> str:
    """The place, relative to the working directory if it is below that."""
    path = os.path.relpath(place) if place.startswith("/") else place
    return place if path.startswith("..") else path


def print_report(rows: Sequence[Row], observation: Observation, form: str) -> None:
    """Write the report to stdout: ``form`` is text or json."""
    if form == "json":
        json.dump({"sites": [asdict(row) for row in rows], "statistics": dict(observation.statistics)}, sys.stdout, indent=1)
        sys.stdout.write("\n")
        return
    write_text(rows, observation, sys.stdout)


def write_text(rows: Sequence[Row], observation: Observation, out: TextIO) -> None:
    """The report as tables."""
    console = Console(file=out, width=None if out.isatty() else _WIDTH_WITHOUT_TERMINAL, highlight=False, markup=False)
    table = Table(box=None, pad_edge=False, title="Allocation sites, most expensive first", title_justify="left")
    for name in ("bytes", "share", "objects"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("where", overflow="fold")
    table.add_column("what", overflow="ellipsis", no_wrap=True, max_width=30)
    table.add_column("type", overflow="ellipsis", no_wrap=True, max_width=24)
    table.add_column("verdict", max_width=16)
    table.add_column("why", overflow="fold", min_width=36)
    for row in rows[:_MOST_ROWS]:
        cells = (
            bytes_text(row.bytes),
            f"{100 * row.share:.1f}%",
            count_text(row.objects),
            row.place,
            row.what,
            row.type,
            row.verdict,
            row.why,
        )
        table.add_row(*(Text(cell) for cell in cells))
    console.print()
    console.print(table)
    if len(rows) > _MOST_ROWS:
        rest = sum(row.bytes for row in rows[_MOST_ROWS:])
        console.print(f"... and {len(rows) - _MOST_ROWS} more sites with {bytes_text(rest)} (--format json lists all)")
    for line in summary(observation):
        console.print(line)


def summary(observation: Observation) -> list[str]:
    """One line about the collector and one about the stacks."""
    s = observation.statistics
    run_ns = max(1, s["run_ns"])
    collector = (
        f"collector: {counted_text(s['cycles'], 'cycle')} ({s['forced_cycles']} forced), live heap {bytes_text(s['live_bytes'])}, "
        f"peak heap {bytes_text(s['heap_peak_bytes'])}, pauses {duration_text(s['pause_total_ns'])} in total, "
        f"longest {duration_text(s['pause_max_ns'])}, {100 * s['pause_total_ns'] / run_ns:.1f}% of the run"
    )
    stacks = (
        f"stacks: {counted_text(s['goroutines_created'], 'goroutine')} (at most {count_text(s['goroutines_peak'])} at once), "
        f"largest {bytes_text(s['largest_stack_bytes'])}, {counted_text(s['stack_growths'], 'growth')}, "
        f"peak {bytes_text(s['stack_peak_bytes'])} in total"
    )
    return ["", collector, stacks]
