"""``tricolor escape --why FILE:LINE[:COL]``: explain the sites and parameters of one line in full."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tricolor.base.errors import Faults, TricolorError, UsageError
from tricolor.base.progress import Progress
from tricolor.cli.common import say, say_faults, tags
from tricolor.cli.flags import Parsed
from tricolor.explain.model import Site

if TYPE_CHECKING:
    from tricolor.decide.decisions import Alone
    from tricolor.explain.why import Answer

_PLACE: Final = re.compile(r"(?P<file>.+?\.go):(?P<line>[0-9]+)(?::(?P<column>[0-9]+))?")


def why(parsed: Parsed) -> int:
    """The exit status: 0 on success, 1 if the packages have compile errors. Raises UsageError, TricolorError."""
    match = _PLACE.fullmatch(parsed.text("why"))
    if match is None:
        raise UsageError(f"--why={parsed.text('why')}: want FILE.go:LINE or FILE.go:LINE:COLUMN")
    if parsed.text("format") not in ("text", "json"):
        raise UsageError("--why supports the formats text and json")
    file = Path(os.path.normpath(Path.cwd() / match["file"]))  # without "..", as in positions
    if not file.is_file():
        raise TricolorError(f"{match['file']}: no such file")
    from tricolor.explain.why import answers, uninstantiated
    from tricolor.report.why_text import write_answers

    with Progress() as progress:
        progress.say(f"analysing the package of {match['file']}")
        alone = _package_of(file, parsed)
        if isinstance(alone, Faults):
            return say_faults(alone.text)
        found = answers(alone, file, int(match["line"]), int(match["column"] or 0))
    status = 0
    if alone.faults:
        status = say_faults(alone.faults)
        if not any(str(file) == of.path for of in alone.typed.files):
            return status
    if parsed.text("format") == "json":
        json.dump([_as_json(answer) for answer in found], sys.stdout, indent=1)
        sys.stdout.write("\n")
    elif found:
        write_answers(found, sys.stdout)
    elif generic := uninstantiated(alone, file, int(match["line"])):
        say(
            f"{match[0]}: {generic} is generic, and these packages do not use it; Go decides for each instance, so name a package that uses it"
        )
    else:
        say(f"nothing to explain at {match[0]}: no allocation, no variable whose address is taken, no parameter that holds pointers")
    return status


def _as_json(answer: Answer) -> dict[str, Any]:
    kind = "site" if isinstance(answer.about, Site) else "parameter"
    changes = [asdict(change) | {"helps": change.helps} for change in answer.changes]
    return {kind: asdict(answer.about), "ways": [asdict(way) for way in answer.ways], "changes": changes}


def _package_of(file: Path, parsed: Parsed) -> Alone | Faults:
    """Analyse the named packages; without any, the package in the file's folder; if the file is not part of that package, the file alone."""
    from tricolor.decide.decisions import analyse_alone, request_for

    if parsed.rest:
        return analyse_alone(request_for(parsed.rest, Path.cwd(), tags(parsed)))
    if any((folder / "go.mod").is_file() for folder in file.parents):
        found = analyse_alone(request_for((".",), file.parent, tags(parsed)))
        if not isinstance(found, Faults) and any(str(file) == of.path for of in found.typed.files):
            return found
    return analyse_alone(request_for((file.name,), file.parent, tags(parsed)))
