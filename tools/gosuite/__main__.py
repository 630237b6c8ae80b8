"""Command line: ``python -m tools.gosuite [--record] [--jobs N] [--limit SECONDS] [--sample N] [--json FILE] FOLDER...``."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from rich.console import Console
from rich.table import Table

from tools.gosuite.outcome import reason, run_command
from tools.gosuite.programs import Program, programs

RECORD = Path(__file__).with_name("real_go.json")
Expected: TypeAlias = dict[str, dict[str, int | str | bool]]


def main() -> int:
    """The exit status: 0 if at least ``--need`` percent of the programs that pass under real Go behave the same under Tricolor."""
    options = _arguments()
    chosen = [program for folder in options.folders for program in programs(folder)]
    expected: Expected = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    if options.record:
        _record(chosen, expected, options.jobs, options.limit)
        return 0
    passing = [program for program in chosen if expected.get(program.name, {}).get("passes")]
    unknown = [program.name for program in chosen if program.name not in expected]
    if unknown:
        print(f"not recorded with real Go (use --record): {', '.join(unknown[:5])} ...", file=sys.stderr)
    if options.sample:
        passing = passing[:: max(1, len(passing) // options.sample)][: options.sample]
    reasons = _judge(passing, expected, options.jobs, options.limit)
    failed = {name: why for name, why in reasons.items() if why}
    _print_table(failed)
    count = len(reasons) - len(failed)
    share = 100 * count / max(1, len(reasons))
    print(f"{count} of {len(reasons)} programs behave as under real Go ({share:.1f} %)")
    if options.json:
        Path(options.json).write_text(json.dumps(failed, indent=1, sort_keys=True) + "\n")
    return 0 if share >= options.need else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.gosuite", description=__doc__)
    parser.add_argument("folders", nargs="+", help="folders of the suite; . is the top folder")
    parser.add_argument("--record", action="store_true", help="run the programs with real Go, and record exit status and output")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=float, default=90.0, help="seconds for each program, including its compilation")
    parser.add_argument("--sample", type=int, default=0, help="run only this many programs, spread evenly")
    parser.add_argument("--need", type=float, default=95.0, help="percent of programs that must behave the same")
    parser.add_argument("--json", help="write the failures and their reasons to this file")
    return parser.parse_args()


def _judge(chosen: list[Program], expected: Expected, jobs: int, limit: float) -> dict[str, str]:
    tricolor = shutil.which("tricolor", path=str(Path(sys.executable).parent)) or "tricolor"

    def judge(program: Program) -> str:
        command = [tricolor, "run", program.path.name, *program.arguments]
        outcome = run_command(command, program.path.parent, limit)
        record = expected[program.name]
        return reason(outcome, int(record["status"]), str(record["digest"]))

    with ThreadPoolExecutor(jobs) as pool:
        results: dict[str, str] = {}
        for program, why in zip(chosen, pool.map(judge, chosen), strict=True):
            results[program.name] = why
            if sys.stderr.isatty():
                print(f"\r\x1b[K{len(results)}/{len(chosen)} {program.name}", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    return results


def _record(chosen: list[Program], expected: Expected, jobs: int, limit: float) -> None:
    go = Path(sys.executable).parent / "go"

    def observe(program: Program) -> dict[str, int | str | bool]:
        with tempfile.TemporaryDirectory() as folder:
            binary = str(Path(folder) / "program")
            built = run_command([str(go), "build", "-o", binary, program.path.name], program.path.parent, limit)
            if built.status != 0:
                return {"status": -1, "digest": "", "passes": False}
            outcome = run_command([binary, *program.arguments], program.path.parent, limit)
        golden = program.path.with_suffix(".out")
        same = not golden.exists() or golden.read_bytes() == outcome.output + outcome.error
        status = -1 if outcome.status is None else outcome.status
        return {"status": status, "digest": outcome.digest, "passes": status == 0 and same}

    with ThreadPoolExecutor(jobs) as pool:
        for program, record in zip(chosen, pool.map(observe, chosen), strict=True):
            expected[program.name] = record
    RECORD.write_text(json.dumps(expected, indent=0, sort_keys=True) + "\n")
    print(f"recorded {len(chosen)} programs, {sum(bool(expected[p.name]['passes']) for p in chosen)} pass")


def _print_table(failed: dict[str, str]) -> None:
    if not failed:
        return
    table = Table("program", "reason", box=None)
    for name, why in sorted(failed.items()):
        table.add_row(name, why)
    Console(width=180).print(table)


if __name__ == "__main__":
    sys.exit(main())
