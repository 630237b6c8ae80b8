"""The standard library of the pinned Go toolchain, loaded once with the overlay."""

from __future__ import annotations

from pathlib import Path

import pytest

from tricolor.frontend.load import LoadRequest, load
from tricolor.frontend.program import Program
from tricolor.frontend.toolchain import find_toolchain
from tricolor.goroot.overlay import BUILD_TAGS, overlay_files

MUST_WORK = (
    "archive/tar", "archive/zip", "bufio", "bytes", "cmp", "compress/bzip2", "compress/gzip",
    "compress/zlib", "container/heap", "container/list", "container/ring", "context", "crypto/aes",
    "crypto/hmac", "crypto/md5", "crypto/rand", "crypto/sha1", "crypto/sha256", "crypto/sha512", "embed",
    "encoding/base32", "encoding/base64", "encoding/binary", "encoding/csv", "encoding/gob", "encoding/hex",
    "encoding/json", "encoding/xml", "errors", "flag", "fmt", "go/ast", "go/format", "go/parser",
    "hash/adler32", "hash/crc32", "hash/crc64", "hash/fnv", "hash/maphash", "html", "html/template",
    "image", "image/png", "index/suffixarray", "io", "io/fs", "io/ioutil", "iter", "log", "log/slog",
    "maps", "math", "math/big", "math/bits", "math/cmplx", "math/rand", "math/rand/v2", "mime", "os",
    "os/signal", "os/user", "path", "path/filepath", "reflect", "regexp", "regexp/syntax", "runtime",
    "runtime/debug", "runtime/metrics", "runtime/pprof", "runtime/trace", "slices", "sort", "strconv",
    "strings", "sync", "sync/atomic", "testing", "testing/iotest", "testing/quick", "text/scanner",
    "text/tabwriter", "text/template", "time", "unicode", "unicode/utf16", "unicode/utf8", "unique", "weak",
)  # fmt: skip
"""The packages that must compile, and further packages that need no other support."""


@pytest.fixture(scope="session")
def goroot() -> Path:
    return find_toolchain().root


@pytest.fixture(scope="session")
def library(goroot: Path) -> Program:
    result = load(LoadRequest(MUST_WORK, Path("/"), BUILD_TAGS, overlay_files(goroot)))
    assert result.program is not None, result.diagnostics
    return result.program
