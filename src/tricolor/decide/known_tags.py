"""Parameter tags of functions, remembered by package. They are all that the analysis of a package needs about the packages it imports.

An entry holds the tags of those functions of a package that were analysed so far, with it or with one that imports it. Its key is the
package's (``Package.key``), so it holds only for these sources, the sources of all its imports, and this compiler. If an entry is missing
or damaged, the package is analysed again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast, final

from tricolor.cache.store import read_entry, write_entry
from tricolor.escape.leaks import FIRST_RESULT, RESULTS, Leaks
from tricolor.frontend.records import Package
from tricolor.ir.nodes import Func

KIND: Final = "tags"
"""Kind of the cache entries: a JSON object of the tags by function symbol, two digits for each sink of each parameter."""
_SINKS: Final = FIRST_RESULT + RESULTS


@final
class KnownTags:
    """Tags of functions of the packages that others import, read from the cache at the first question.

    ``named``: paths of the packages that are compiled without inlining. The tags of these packages, and of packages that import them,
    differ from the usual ones, so they are neither looked up nor remembered."""

    def __init__(self, packages: Iterable[Package], named: Iterable[str]) -> None:
        unusual = set(named)
        self._packages: dict[str, Package] = {}
        for package in packages:
            if package.path in unusual or not unusual.isdisjoint(package.imports):
                unusual.add(package.path)
            else:
                self._packages[package.symbol_path] = package
        self._entries: dict[str, dict[str, str]] = {}

    def has(self, func: Func) -> bool:
        """Whether the tags of the function's parameters are known."""
        return self.of(func) is not None

    def of(self, func: Func) -> list[Leaks] | None:
        """The tags of a function's parameters, None if they are unknown."""
        text = self._entry(func.pkg).get(func.symbol)
        return None if text is None else _decode(text, len(func.params))

    def remember(self, tags: Mapping[Func, Sequence[Leaks]]) -> None:
        """Store the tags of functions that other packages may call, and note which packages were analysed. Raises EnvironmentFault."""
        found: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for func, leaks in tags.items():
            if func.outer is None and not func.wrapper and not func.is_instance:
                found[func.pkg][func.symbol] = _encode(leaks)
        for path, package in self._packages.items():
            known = self._entry(path)
            # The empty key marks a package as analysed even if it has no functions.
            new = {"": "", **found[path]}
            if not new.items() <= known.items():
                known |= new
                write_entry(KIND, package.key, json.dumps(known).encode())

    def _entry(self, path: str) -> dict[str, str]:
        entry = self._entries.get(path)
        if entry is None:
            package = self._packages.get(path)
            entry = self._entries[path] = _read(package.key) if package is not None else {}
        return entry


def _read(key: str) -> dict[str, str]:
    data = read_entry(KIND, key)
    if data is None:
        return {}
    try:
        entry: object = json.loads(data)
    except ValueError:
        return {}
    known = cast("dict[str, object]", entry) if isinstance(entry, dict) else {}
    return {symbol: text for symbol, text in known.items() if isinstance(text, str)}


def _encode(tags: Sequence[Leaks]) -> str:
    return "".join(bytes(derefs + 1 for derefs in leaks.derefs).hex() for leaks in tags)


def _decode(text: str, params: int) -> list[Leaks] | None:
    try:
        numbers = bytes.fromhex(text)
    except ValueError:
        return None
    if len(numbers) != params * _SINKS:
        return None
    return [Leaks([number - 1 for number in numbers[start : start + _SINKS]]) for start in range(0, len(numbers), _SINKS)]
