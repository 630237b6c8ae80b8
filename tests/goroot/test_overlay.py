"""The overlay's packages type-check, and every function without a body has a provider."""

from __future__ import annotations

import re
from pathlib import Path

from tricolor.frontend.program import Program
from tricolor.frontend.records import FuncDecl
from tricolor.frontend.toolchain import find_toolchain
from tricolor.goroot.externals import INTRINSICS, INTRINSICS_OVER_BODY, KERNEL, PROVIDED, UNREACHABLE
from tricolor.goroot.overlay import overlay_files
from tricolor.goroot.unsupported import UNSUPPORTED_PACKAGES

_RUNTIME = Path(__file__).parents[2] / "src" / "tricolor" / "runtime"
_EXPORT = re.compile(r'^@(?:systemstack|goroutine|export|naked|inline|kernel)\((?:symbol_name=)?"([^"]+)"', re.MULTILINE)


def _symbol(program: Program, decl: FuncDecl) -> str:
    package = program.packages[decl.package]
    if decl.receiver is None:
        return f"{package.symbol_path}.{decl.name}"
    base = program.object(program.type_record(decl.receiver.base)[1]).name
    return f"{package.symbol_path}.{f'(*{base})' if decl.receiver.pointer else base}.{decl.name}"


def _links(program: Program) -> dict[str, str]:
    """For each declared symbol the symbol that a linkname directive gives it."""
    return {f"{package.symbol_path}.{link.local}": link.target for package in program.packages for link in package.linknames if link.target}


def _bodies(program: Program) -> tuple[set[str], dict[str, str]]:
    """Symbols that Go code defines; and symbols of functions without bodies, with their declared symbols."""
    links = _links(program)
    defined: set[str] = set()
    missing: dict[str, str] = {}
    for package in program.packages:
        for decl in program.functions(package):
            own = _symbol(program, decl)
            if decl.body is not None:
                defined |= {own, links.get(own, own)}
            else:
                missing[links.get(own, own)] = own
    return defined, missing


def test_the_standard_library_type_checks_with_the_overlay(library: Program) -> None:
    assert any(p.path == "encoding/json" for p in library.packages)


def test_every_function_without_a_body_has_a_provider(library: Program) -> None:
    defined, missing = _bodies(library)
    known = KERNEL.keys() | INTRINSICS | UNREACHABLE.keys() | PROVIDED
    lost = {symbol: where for symbol, where in missing.items() if symbol not in defined | known}
    assert lost == {}


def test_every_listed_provider_has_a_declaration(library: Program) -> None:
    defined, missing = _bodies(library)
    assert (KERNEL.keys() - missing.keys()) <= {"runtime.makeslice"}
    assert INTRINSICS.issubset(missing.keys() | defined)
    assert INTRINSICS_OVER_BODY.issubset(defined)


def test_the_kernel_defines_what_the_overlay_declares() -> None:
    exported = {m for path in _RUNTIME.rglob("*.py") for m in _EXPORT.findall(path.read_text())}
    assert KERNEL.keys() - exported == set()


def test_no_function_is_defined_by_go_and_by_the_kernel(library: Program) -> None:
    exported = {m for path in _RUNTIME.rglob("*.py") for m in _EXPORT.findall(path.read_text())}
    defined, _ = _bodies(library)
    assert defined & exported == set()


def test_none_of_the_packages_that_must_work_is_unsupported(library: Program) -> None:
    assert not {package.path for package in library.packages} & UNSUPPORTED_PACKAGES.keys()


def test_all_targets_of_the_overlay_exist() -> None:
    files = overlay_files(find_toolchain().root)
    assert all(target == "" or Path(target).exists() for target in files.values())


def test_a_second_call_returns_the_same_overlay() -> None:
    goroot = find_toolchain().root
    assert overlay_files(goroot) == overlay_files(goroot)
