"""The changes to the standard library: one ``Package`` for each package whose files are left out, patched, or added.

Our own files are in ``files/IMPORT/PATH/``. The overlay adds them to the package under the name ``tricolor_NAME.go``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

from tricolor.goroot.patches import Delete, KeepOnly, Patch, Replace, Unconstrain


@final
@dataclass(frozen=True, slots=True)
class Package:
    """The changes to the files of one package.

    ``drop``: files to leave out. ``patch``: patches for each file. ``only``: leave out all files except patched ones and those in ``keep``;
    without it, files that are not named stay unchanged.
    """

    path: str
    drop: tuple[str, ...] = ()
    patch: dict[str, tuple[Patch, ...]] = field(default_factory=dict[str, tuple[Patch, ...]])
    keep: tuple[str, ...] = ()
    only: bool = False


_UNCONSTRAIN: tuple[Patch, ...] = (Unconstrain(),)

RUNTIME = Package(
    "runtime",
    only=True,
    keep=(
        "asan0.go", "compiler.go", "complex.go", "map_fast32.go", "map_fast64.go", "map_faststr.go",
        "msan0.go", "race0.go", "float.go", "linkname_shim.go",
    ),
    patch={
        "alg.go": (Delete(("memhash_varlen",)),),
        "error.go": (Delete(("panicwrap",)),),
        "extern.go": (KeepOnly(("GOOS", "GOARCH")),),
        "map.go": (Delete(("mapinitnoop", "maps_errNilAssign")),),
        "mprof.go": (KeepOnly(("StackRecord", "StackRecord.Stack", "MemProfileRecord", "MemProfileRecord.InUseBytes",
                               "MemProfileRecord.InUseObjects", "MemProfileRecord.Stack", "BlockProfileRecord")),),
        "mstats.go": (KeepOnly(("MemStats",)),),
        "utf8.go": (Delete(("decoderune",)),),
        "print.go": (
            Delete(("printBacklog", "recordForPanic", "debuglock", "printlock", "printunlock", "gwrite")),
        ),
    },
)  # fmt: skip

PACKAGES = (
    RUNTIME,
    Package(
        "internal/bytealg",
        drop=(
            "compare_native.go",
            "count_native.go",
            "equal_native.go",
            "index_native.go",
            "index_amd64.go",
            "indexbyte_native.go",
        ),
    ),
    Package(
        "internal/runtime/maps",
        drop=("memhash_aes.go", "memhash_aes_asm.go", "memhash_align_check.go"),
        patch={"memhash_noaes.go": _UNCONSTRAIN, "memhash_align_nocheck.go": _UNCONSTRAIN},
    ),
    Package(
        "math",
        drop=("dim_asm.go", "exp_amd64.go", "exp_asm.go", "floor_asm.go", "hypot_asm.go", "log_asm.go"),
        patch={
            "dim_noasm.go": _UNCONSTRAIN,
            "floor_noasm.go": _UNCONSTRAIN,
            "hypot_noasm.go": _UNCONSTRAIN,
            "log_stub.go": _UNCONSTRAIN,
        },
    ),
    Package("hash/crc32", patch={"crc32_amd64.go": (Delete(("castagnoliSSE42", "castagnoliSSE42Triple", "ieeeCLMUL")),)}),
    Package("crypto/internal/fips140/sha256", drop=("sha256block_noasm.go",)),
    Package("crypto/internal/fips140/sha512", drop=("sha512block_noasm.go",)),
    Package("crypto/sha1", drop=("sha1block_generic.go",)),
    Package(
        "crypto/internal/fips140/aes",
        drop=("aes_noasm.go", "ctr_noasm.go"),
        patch={
            "aes_asm.go": (Unconstrain(), Delete(("encryptBlockAsm", "decryptBlockAsm", "expandKeyAsm"))),
            "ctr_asm.go": (Unconstrain(), Delete(("ctrBlocks1Asm", "ctrBlocks2Asm", "ctrBlocks4Asm", "ctrBlocks8Asm"))),
        },
    ),
    Package(
        "crypto/internal/fips140/aes/gcm",
        drop=("gcm_noasm.go",),
        patch={"gcm_asm.go": (Unconstrain(), Delete(("gcmAesInit", "gcmAesData", "gcmAesEnc", "gcmAesDec", "gcmAesFinish")))},
    ),
    Package("internal/chacha8rand", patch={"chacha8.go": (Delete(("block",)),)}),
    Package("crypto/internal/boring/sig", drop=("sig.go",)),
    Package(
        "internal/abi",
        patch={"escape.go": (Delete(("EscapeNonString", "EscapeToResultNonString")),)},
    ),
    Package("syscall", patch={"syscall_linux.go": (Delete(("Syscall", "Syscall6")),)}),
    Package(
        "reflect",
        drop=("makefunc.go",),
        patch={"value.go": (Delete(("Value.call", "callReflect", "callMethod")),)},
    ),
)

TEST_BINARY = Package(
    "testing",
    patch={"testing.go": (Replace("testBinary", '"0"', '"1"'), Replace("MainStart", "tests:       tests,", "tests: countAllocs(tests),"))},
)
"""Package testing in a test binary: it knows that the program is one, as Go's linker tells it, and may count what tests allocate."""

__all__ = ["PACKAGES", "RUNTIME", "TEST_BINARY", "Package", "Replace"]
