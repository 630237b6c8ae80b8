"""Where a program's memory went: one row per allocation site, then the collector's and the stacks' summary."""

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
from tricolor.report.units import bytes_text, count_text, duration_text
from tricolor.run.observe import Observation

_MOST_ROWS: Final = 40
_WIDTH_WITHOUT_TERMINAL: Final = 170


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One site: ``share`` is of all allocated bytes, 0 to 1."""

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
    """The sites that were described at compilation. Raises EnvironmentFault if the cache lost them."""
    data = read_entry("sites", key)
    if data is None:
        raise EnvironmentFault("the cache lost the description of the allocation sites: run the command again")
    return json.loads(data)


def build_rows(descriptions: Sequence[dict[str, Any]], observation: Observation, *, show_stack: bool) -> list[Row]:
    """Rows of the sites that allocated, dearest first; with ``show_stack`` those on the stack too, after them."""
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
        rows.append(Row("(runtime)", "runtime", "", "", "heap", "made by the runtime itself", objects, size, size / total))
    return sorted(rows, key=lambda row: (-row.bytes, -row.objects, row.verdict, row.place))


def _relative(place: str) -> str:
    """Places below the working directory are shown relative to it."""
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
    table = Table(box=None, pad_edge=False, title="Allocation sites, dearest first", title_justify="left")
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
        console.print(f"... and {len(rows) - _MOST_ROWS} more sites with {bytes_text(rest)} (--format json has all)")
    for line in summary(observation):
        console.print(line)


def summary(observation: Observation) -> list[str]:
    """Collector and stacks, a line each."""
    s = observation.statistics
    run_ns = max(1, s["run_ns"])
    collector = (
        f"collector: {s['cycles']} cycles ({s['forced_cycles']} forced), live heap {bytes_text(s['live_bytes'])}, "
        f"peak heap {bytes_text(s['heap_peak_bytes'])}, pauses {duration_text(s['pause_total_ns'])} in all, "
        f"longest {duration_text(s['pause_max_ns'])}, {100 * s['pause_total_ns'] / run_ns:.1f}% of the run"
    )
    stacks = (
        f"stacks: {count_text(s['goroutines_created'])} goroutines (at most {count_text(s['goroutines_peak'])} at once), "
        f"largest {bytes_text(s['largest_stack_bytes'])}, {count_text(s['stack_growths'])} growths, "
        f"peak {bytes_text(s['stack_peak_bytes'])} in all"
    )
    return ["", collector, stacks]
