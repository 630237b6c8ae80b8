"""Rejects programs that need an unsupported package, cgo, or a function that nobody defines, before code is generated."""

from __future__ import annotations

import contextlib
import re
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from tricolor.abi.entries import ENTRIES
from tricolor.base.errors import Unsupported
from tricolor.frontend.program import Program
from tricolor.goroot.externals import INTRINSICS, KERNEL, UNREACHABLE
from tricolor.goroot.unsupported import UNSUPPORTED_PACKAGES
from tricolor.ir.nodes import Func

_IMPORTS_C = re.compile(r'^import\s*\(?\s*"C"', re.MULTILINE)


def refuse_unsupported(typed: Program) -> None:
    """Raise Unsupported for a package with cgo, or with the shortest chain of imports to an unsupported package."""
    for package in typed.packages:
        if package.cgo_files and not package.standard:
            raise Unsupported(f"cgo (package {package.path}, file {package.cgo_files[0]})", 0, UNSUPPORTED_PACKAGES["C"])
    chain = _shortest_chain(typed)
    if chain:
        importers = "".join(f"\n\timports {path}" for path in chain[1:])
        raise Unsupported(f"package {chain[0]}{importers}\npackage {chain[-1]}", 0, UNSUPPORTED_PACKAGES[chain[-1]])


def refuse_cgo_files(files: Sequence[Path]) -> None:
    """Raise Unsupported for a file that imports "C". The go command would only report that there are no Go files, since cgo is off."""
    for file in files:
        with contextlib.suppress(OSError):
            if file.suffix == ".go" and _IMPORTS_C.search(file.read_text(errors="replace")):
                raise Unsupported(f"cgo (file {file.name})", 0, UNSUPPORTED_PACKAGES["C"])


def undefined(functions: Iterable[Func]) -> list[Func]:
    """The functions without bodies that neither the runtime nor code generation provides."""
    provided = KERNEL.keys() | INTRINSICS | UNREACHABLE.keys() | ENTRIES.keys()
    return [func for func in functions if func.symbol not in provided]


def refuse_undefined(typed: Program, func: Func) -> NoReturn:
    """Raise Unsupported for a function that nobody defines, since its package has it in assembly or links to what does not exist here."""
    package = next(p for p in typed.packages if p.symbol_path == func.pkg)
    if package.assembly_files:
        files = ", ".join(Path(name).name for name in package.assembly_files)
        reason = f"it is written in assembly ({files}), and no files of the package are for processors without"
    else:
        reason = f"nothing defines {func.symbol}"
    raise Unsupported(f"function {func.name.removeprefix(f'{func.pkg}.')} of package {package.path}", func.pos, reason)


def _shortest_chain(typed: Program) -> list[str]:
    """Import paths from a named package to an unsupported one; empty if there is none."""
    came_from: dict[str, str] = {package.path: "" for package in typed.roots}
    queue = deque(came_from)
    while queue:
        path = queue.popleft()
        if path in UNSUPPORTED_PACKAGES:
            chain = [path]
            while came_from[chain[-1]]:
                chain.append(came_from[chain[-1]])
            return chain[::-1]
        package = typed.package(path)
        for imported in package.imports if package is not None else ():
            if imported not in came_from:
                came_from[imported] = path
                queue.append(imported)
    return []
