"""The standard library of the pinned Go, loaded once with the overlay."""

from __future__ import annotations

from pathlib import Path

import pytest

from tricolor.frontend.load import LoadRequest, load
from tricolor.frontend.program import Program
from tricolor.frontend.toolchain import find_toolchain
from tricolor.goroot.overlay import BUILD_TAGS, overlay_files

MUST_WORK = """
bufio bytes cmp container/heap container/list container/ring context crypto/md5 crypto/sha256 encoding/base64
encoding/binary encoding/hex encoding/json errors flag fmt hash/adler32 hash/crc32 hash/crc64 hash/fnv hash/maphash io io/fs
io/ioutil iter log maps math math/big math/bits math/cmplx math/rand math/rand/v2 os os/signal os/user path path/filepath
reflect regexp regexp/syntax runtime runtime/debug runtime/metrics runtime/pprof runtime/trace slices sort strconv strings
sync sync/atomic testing text/scanner text/tabwriter text/template time unicode unicode/utf16 unicode/utf8 unique weak
log/slog html html/template encoding/xml encoding/csv encoding/gob encoding/base32 compress/gzip compress/zlib compress/bzip2
archive/tar archive/zip crypto/sha1 crypto/sha512 crypto/hmac crypto/aes crypto/rand container/heap go/ast go/parser go/format
index/suffixarray image image/png mime testing/quick testing/iotest embed expvar
""".split()
"""The packages that must be compilable, and more that need nothing else."""

NEEDS_NETWORK = frozenset({"expvar"})


@pytest.fixture(scope="session")
def goroot() -> Path:
    return find_toolchain().root


@pytest.fixture(scope="session")
def library(goroot: Path) -> Program:
    wanted = tuple(sorted(set(MUST_WORK) - NEEDS_NETWORK))
    result = load(LoadRequest(wanted, Path("/"), BUILD_TAGS, overlay_files(goroot)))
    assert result.program is not None, result.diagnostics
    return result.program
