"""``tricolor escape``: where each value of a package lives, why, and what would change it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from tricolor.base.errors import Faults, UsageError
from tricolor.base.files import write_output
from tricolor.base.progress import Progress
from tricolor.cli.common import check_files, say, say_faults, tags
from tricolor.cli.escape_profile import PROFILE_FLAGS, join_profile
from tricolor.cli.flags import Flag, Parsed, describe, parse_flags
from tricolor.explain.lock import Lock, compare, flows_text, lock_of, read_lock
from tricolor.explain.model import Explained, Parameter, Site, to_json
from tricolor.report.escape_text import chosen, effect_text, place_text, write_explained

FLAGS = (
    Flag("heap", "show only sites that may allocate on the heap", False),
    Flag("foreign", "also show instances of generic functions that other packages declare", False),
    Flag("params", "also show what functions do with their parameters: a parameter that leaks makes the caller's value escape", False),
    Flag(
        "format",
        "output format: text, json, sarif, github (workflow annotations) or html",
        "text",
        ("text", "json", "sarif", "github", "html"),
        "FORMAT",
    ),
    Flag("o", "write to this file instead of standard output", value_name="FILE", from_go=True),
    Flag(
        "why",
        "show every way in which the values of a line escape, and which single change would keep them on the stack",
        value_name="FILE:LINE[:COL]",
    ),
    Flag("lock", "write to this file which sites may allocate on the heap, and what functions do with their parameters", value_name="FILE"),
    Flag("check", "compare with a file that --lock wrote: exit status 1 if something newly allocates or leaks", value_name="FILE"),
    *PROFILE_FLAGS,
    Flag("tags", "comma-separated build tags", value_name="a,b", from_go=True),
)

HELP = f"""\
usage: tricolor escape [flags] [packages]

For each place in the packages that makes a value, prints the compiler's verdict (stack or heap), its cost, the
shortest chain from the value to where it goes, and a hint where Tricolor knows one. Verdicts match
go build -gcflags=-l. The program is not run.

Flags:
{describe(FLAGS)}
"""


def escape(arguments: Sequence[str]) -> int:
    """The exit status: 0 on success, 1 if the packages have compile errors or allocate more than their lock file allows."""
    parsed = parse_flags("escape", FLAGS, arguments)
    if parsed.text("why"):
        from tricolor.cli.why import why

        return why(parsed)
    if parsed.text("profile"):
        return join_profile(parsed)
    patterns = parsed.rest or (".",)
    check_files(patterns, Path.cwd())
    # Read the lock file first: a fault in it is reported before the long analysis.
    lock = _read_lock(parsed.text("check"))
    explained, faults = _explained(patterns, parsed)
    if faults.text:
        # Show the decisions about the packages without faults, but never write a file that lacks the other packages.
        if explained.packages and not any(parsed.text(flag) for flag in ("lock", "check", "o")):
            _write(explained, parsed)
        say_faults(faults.text)
        return faults.exit_status
    if parsed.text("lock"):
        return _write_lock(explained, parsed.text("lock"))
    if lock is not None:
        return _check(lock, explained, parsed.text("check"))
    _write(explained, parsed)
    return 0


def _read_lock(name: str) -> Lock | None:
    if not name:
        return None
    try:
        return read_lock(Path(name).read_text(), name)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the lock file {name} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _write_lock(explained: Explained, name: str) -> int:
    lock = lock_of(explained)
    write_output(Path(name), lock.text().encode())
    say(
        f"{name}: {lock.counts.total()} sites that may allocate on the heap, {len(lock.parameters)} parameters, {len(explained.packages)} packages"
    )
    return 0


def _check(lock: Lock, explained: Explained, name: str) -> int:
    difference = compare(lock, explained, name)
    for site, before in difference.new:
        was = f" (the lock file has {before})" if before else ""
        say(f"{place_text(site)}: new: {site.expression} in {site.function}: {site.cost}{was}: {site.why}")
        if site.hint:
            say(f"\thint: {site.hint}")
    for parameter, flows in difference.worse:
        why = f": {parameter.why}" if parameter.why else ""
        say(f"{place_text(parameter)}: parameter {parameter.name} of {parameter.function}: {_changed(parameter, flows)}{why}")
    for entry, count in difference.gone:
        times = f" ({count} times)" if count > 1 else ""
        say(f"{entry.package}: gone: {entry.expression} in {entry.function}: {entry.cost}{times}")
    for parameter, flows in difference.better:
        say(f"{parameter.package}: leaks less: parameter {parameter.name} of {parameter.function}: {_changed(parameter, flows)}")
    if difference.new or difference.worse:
        counts = ((len(difference.new), "new"), (len(difference.worse), "leaking more than before"))
        what = ", ".join(f"{count} {text}" for count, text in counts if count)
        say(f"{what}; if this is intended, regenerate the file with --lock {name}")
        return 1
    if difference.gone or difference.better:
        say(
            f"nothing new; {len(difference.gone) + len(difference.better)} are gone or leak less: regenerate the file with --lock {name} to record this"
        )
    return 0


def _changed(parameter: Parameter, flows: str) -> str:
    return f"{effect_text(parameter)} (the lock file has: {flows_text(flows)})"


def _explained(patterns: Sequence[str], parsed: Parsed) -> tuple[Explained, Faults]:
    """The sites of the packages without faults, and what to print about the other packages."""
    from tricolor.explain.remember import explain_faultless

    with Progress() as progress:
        progress.say("analysing " + " ".join(patterns))
        return explain_faultless(patterns, Path.cwd(), tags(parsed))


def _write(explained: Explained, parsed: Parsed) -> None:
    """Write the sites in the requested format, to stdout or to a file (whole or not at all)."""
    groups = {path: _chosen(sites, parsed) for path, sites in explained.packages.items()}
    parameters = {
        path: [one for one in found if parsed.switch("foreign") or not one.foreign] for path, found in explained.parameters.items()
    }
    shown = Explained(explained.go_version, {path: sites for path, sites in groups.items() if sites}, parameters)
    target = parsed.text("o")
    if not target:
        _write_form(shown, parsed, sys.stdout)
        return
    buffer = io.StringIO()
    _write_form(shown, parsed, buffer)
    write_output(Path(target), buffer.getvalue().encode())


def _chosen(sites: Sequence[Site], parsed: Parsed) -> list[Site]:
    return list(chosen(sites, heap_only=parsed.switch("heap"), foreign=parsed.switch("foreign")))


def _write_form(explained: Explained, parsed: Parsed, out: TextIO) -> None:
    form = parsed.text("format")
    if form == "json":
        json.dump(to_json(explained), out, indent=1)
        out.write("\n")
    elif form == "text":
        write_explained(explained, out, parameters=parsed.switch("params"))
    elif form == "sarif":
        from tricolor.report.escape_sarif import write_sarif

        write_sarif(explained, out)
    elif form == "github":
        from tricolor.report.escape_github import write_github

        write_github(explained, out)
    elif form == "html":
        from tricolor.report.escape_html import write_html

        write_html(explained, out)
    else:
        raise UsageError(f"no format {form}")
