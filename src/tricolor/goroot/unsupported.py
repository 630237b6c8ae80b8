"""The table of packages that cannot be compiled, with the reasons. ``refuse`` rejects programs that import one of them."""

from __future__ import annotations

from typing import Final

_CGO: Final = "Tricolor has no C compiler"

UNSUPPORTED_PACKAGES: Final[dict[str, str]] = {
    "C": _CGO,
    "runtime/cgo": _CGO,
    "plugin": "programs are not linked dynamically",
    "runtime/race": "the race detector is Go's own",
    "runtime/coverage": "coverage is not recorded",
    "simd/archsimd": "vector types of the language are not supported",
}
