"""``tricolor escape --profile FILE``: a heap profile joined with the sites that allocated."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tricolor.base.errors import TricolorError, UsageError
from tricolor.base.files import write_output
from tricolor.base.progress import Progress
from tricolor.cli.common import check_files, say_faults, tags
from tricolor.cli.flags import Flag, Parsed
from tricolor.profile.model import HeapProfile, SampleType

if TYPE_CHECKING:
    from tricolor.profile.packages import Explanations
    from tricolor.profile.rows import Shares
    from tricolor.report.profile_report import ProfileReport

PROFILE_FLAGS: Final = (
    Flag("profile", "join a heap profile (pprof) with the sites: what each allocated, most expensive first", value_name="FILE"),
    Flag(
        "by",
        "with --profile: one row per site, or per line of the packages that leads to allocations (caller)",
        "site",
        ("site", "caller"),
        "ROW",
    ),
    Flag(
        "sample",
        "with --profile: what to count: alloc_space, alloc_objects, inuse_space or inuse_objects",
        "alloc_space",
        tuple(SampleType),
        "TYPE",
    ),
    Flag("sort", "with --profile: sort by bytes or by objects; the default follows --sample", "", ("bytes", "objects"), "UNIT"),
    Flag("all", "with --profile: show all rows", False),
)

_LEAST_PERCENT: Final = 50
"""If less than this share of a profile matches sites, another program wrote it."""


def join_profile(parsed: Parsed) -> int:
    """The exit status: 0 on success, 1 if the packages have compile errors. Raises TricolorError for a profile that cannot be used."""
    if parsed.text("format") not in ("text", "json"):
        raise UsageError("--profile supports the formats text and json")
    if parsed.text("lock") or parsed.text("check"):
        raise UsageError("--profile cannot be combined with --lock or --check")
    file = Path(parsed.text("profile"))
    patterns = parsed.rest or (".",)
    check_files(patterns, Path.cwd())
    from tricolor.profile.packages import explain_for
    from tricolor.profile.reading import read_profile

    profile = read_profile(file)
    with Progress() as progress:
        explanations = explain_for(profile, patterns, Path.cwd(), tags(parsed), progress)
    if isinstance(explanations, str):
        return say_faults(explanations)
    _write(_report(profile, explanations, parsed, patterns), parsed)
    return 0


def _report(profile: HeapProfile, explanations: Explanations, parsed: Parsed, patterns: Sequence[str]) -> ProfileReport:
    from tricolor.profile.join import join
    from tricolor.profile.packages import has_program
    from tricolor.profile.places import Named
    from tricolor.profile.rows import Amount, by_caller, by_site, measure_of, shares_of, unmatched
    from tricolor.report.profile_report import ProfileReport

    def rank(amount: Amount) -> int:
        return amount.bytes if unit == "bytes" else amount.objects

    kind = SampleType(parsed.text("sample"))
    measure = measure_of(kind)
    unit = parsed.text("sort") or {"bytes": "bytes", "count": "objects"}[kind.unit]
    total = sum((measure(sample) for sample in profile.samples), Amount())
    if total == Amount():
        raise TricolorError(f"{parsed.text('profile')}: the profile has no {kind.value}: every count is zero")
    named = Named(explanations.named.packages)
    landings = join(profile, explanations.sites, named, explanations.paths)
    shares = shares_of(landings, measure, named)
    _refuse_another_program(shares, has_program(profile), profile, parsed.text("profile"), patterns)
    callers = parsed.text("by") == "caller"
    rows = (by_caller if callers else by_site)(landings, measure, rank)
    return ProfileReport(profile, kind, rank, callers, rows, unmatched(landings, measure, rank), shares, total)


def _refuse_another_program(shares: Shares, has_program: bool, profile: HeapProfile, file: str, patterns: Sequence[str]) -> None:
    """Raise TricolorError if another program, or an older version of these packages, wrote the profile.

    ``has_program``: the profile has frames outside the standard library."""
    what = f"{file}: this is the profile of another program{f' ({profile.binary})' if profile.binary else ''}"
    words = " ".join(patterns)
    matched = f"{shares.matched_percent:.1f}% of its bytes match sites"
    if not shares.charged and has_program:
        raise TricolorError(f"{what}: its stacks contain no line of {words} ({matched}, all in other packages)")
    if shares.matched_percent < _LEAST_PERCENT:
        raise TricolorError(f"{what}, or the source has changed: only {matched}")
    if shares.own_matched_percent < _LEAST_PERCENT:
        raise TricolorError(
            f"{what}, or the source has changed: only {shares.own_matched_percent:.1f}% of the bytes that lines of {words} allocated match sites"
        )


def _write(report: ProfileReport, parsed: Parsed) -> None:
    from tricolor.report.profile_report import write_json, write_table

    target = parsed.text("o")
    out = io.StringIO() if target else sys.stdout
    if parsed.text("format") == "json":
        write_json(report, out)
    else:
        write_table(report, out, everything=parsed.switch("all"))
    if isinstance(out, io.StringIO):
        write_output(Path(target), out.getvalue().encode())
