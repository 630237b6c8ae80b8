"""Every function that Go's compiler replaces by instructions on amd64 is an intrinsic here, or its Go body does the same."""

from __future__ import annotations

import re
from typing import Final

from tricolor.codegen.intrinsics import is_intrinsic
from tricolor.frontend.toolchain import find_toolchain

_SIMD: Final = "simd/archsimd"
"""Programs that import this package are refused."""
_WITH_BODY: Final = {
    "runtime.slicebytetostringtmp": "our runtime has no such function: codegen reads the bytes in place",
}
"""Intrinsics of Go that need none here, with the reason."""


def _intrinsics_of_go() -> set[str]:
    table = find_toolchain().root / "src" / "cmd" / "compile" / "internal" / "ssagen" / "intrinsics_test.go"
    found: list[tuple[str, str]] = re.findall(r'\{"amd64", "([^"]+)", "([^"]+)"\}', table.read_text())
    return {f"{package}.{name}" for package, name in found if package != _SIMD}


def test_every_intrinsic_of_go_is_one_here() -> None:
    real = _intrinsics_of_go()
    assert len(real) > 100
    assert {symbol for symbol in real if not is_intrinsic(symbol)} == _WITH_BODY.keys()
