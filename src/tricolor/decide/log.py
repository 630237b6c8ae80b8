"""The compiler's log of missed optimisations as files: a folder per package, a file per source, a JSON record per line (-json=0,DIR).

Only decisions of escape analysis are logged; Go's compiler also logs findings of its other passes.

Source: cmd/compile/internal/logopt/log_opts.go.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote

from tricolor.base.errors import EnvironmentFault
from tricolor.decide.decisions import Alone
from tricolor.escape.log import Record, records
from tricolor.frontend.records import Package, Position
from tricolor.frontend.toolchain import GO_VERSION

_INFORMATION: Final = 3
"""Severity in the language server protocol."""
_LAST_COLUMN: Final = 255
_IN_PATH: Final = "$&+,/:;=@~-_."
"""Characters in a path, besides letters and digits, that Go's net/url does not escape."""
_IN_SEGMENT: Final = "$&+:=@~-_."
_Json: TypeAlias = "dict[str, _Json] | list[_Json] | str | int"


def write_log(folder: Path, alone: Alone, package: Package) -> None:
    """Write the files about one package. The analysis must have been made with ``explained``. Raises EnvironmentFault."""
    found = records(alone.roots[package.path], alone.escape, alone.wording, package.symbol_path)
    located = [(alone.typed.position(record.pos), record) for record in found]
    located.sort(key=lambda pair: (pair[0].file, pair[0].line, pair[0].column))
    by_file: dict[str, list[tuple[Position, Record]]] = {}
    for place, record in located:
        if place.line:
            by_file.setdefault(place.file, []).append((place, record))
    path = package.symbol_path
    inside = folder / quote(path, safe=_IN_SEGMENT)
    try:
        inside.mkdir(parents=True, exist_ok=True)
        for file, entries in by_file.items():
            name = quote(file.rpartition("/")[2].removesuffix(".go"), safe=_IN_SEGMENT)
            (inside / f"{name}.json").write_text(_text(path, file, entries, alone))
    except OSError as error:
        raise EnvironmentFault(f"the log cannot be written: {error}") from error


def _text(path: str, file: str, entries: Sequence[tuple[Position, Record]], alone: Alone) -> str:
    header: _Json = {
        "version": 0,
        "package": path,
        "goos": "linux",
        "goarch": "amd64",
        "gc_version": GO_VERSION,
        "file": file,
    }
    return _line(header) + "".join(_line(_diagnostic(place, record, alone)) for place, record in entries)


def _diagnostic(place: Position, record: Record, alone: Alone) -> _Json:
    found: dict[str, _Json] = {
        "range": _range(place),
        "severity": _INFORMATION,
        "code": record.code,
        "source": "go compiler",
        "message": record.message,
    }
    if record.related:
        found["relatedInformation"] = [_related(alone.typed.position(pos), text) for pos, text in record.related]
    return found


def _related(place: Position, text: str) -> _Json:
    uri = "file://" + quote(place.file or "__unnamed__", safe=_IN_PATH)
    return {"location": {"uri": uri, "range": _range(place)}, "message": text}


def _range(place: Position) -> _Json:
    column = min(place.column, _LAST_COLUMN)
    return {edge: {"line": place.line, "character": column} for edge in ("start", "end")}


def _line(value: _Json) -> str:
    """One line of JSON as Go's encoder writes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "&<>\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text + "\n"
