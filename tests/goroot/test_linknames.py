"""The names of Go's runtime that other modules may link to exist, or there is a reason."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

from tricolor.abi.entries import ENTRIES
from tricolor.frontend.program import Program
from tricolor.frontend.toolchain import find_toolchain, go_environment
from tricolor.goroot.externals import KERNEL

_CGO: Final = "there is no cgo"
_RECORDS: Final = "it gives away records of Go's runtime, which are others here"
_CODE: Final = "it is code that Go's compiler or linker makes calls of"
_SYSTEM: Final = "it belongs to another system or processor, or to Go's own thread of signals"
_TESTS: Final = "only Go's own tests of the runtime use it"

ABSENT: Final = {
    "set_crosscall2": _CGO, "netpollWaiters": _RECORDS, "cgocall": _CGO, "_cgo_setenv": _CGO, "_cgo_unsetenv": _CGO, "_cgo_panic_internal": _CGO,
    "cgoAlwaysFalse": _CGO, "cgoUse": _CGO, "cgoKeepAlive": _CGO, "cgoCheckPointer": _CGO, "cgoCheckResult": _CGO, "cgoNoCallback": _CGO,
    "cgocallback": _CGO, "extraMInUse": _CGO, "setsigsegv": _CGO,
    "sched": _RECORDS, "chanbuf": _RECORDS, "findObject": _RECORDS, "getm": _RECORDS, "lastmoduledatap": _RECORDS, "findfunc": _RECORDS,
    "funcline1": _RECORDS, "newInlineUnwinder": _RECORDS, "moduledataverify1": _RECORDS, "writeBarrier": _RECORDS, "atomicwb": _RECORDS,
    "wakep": _RECORDS, "lockedOSThread": _RECORDS, "checkptrBase": _RECORDS, "entersyscallblock": _RECORDS, "overrideWrite": _RECORDS,
    "morestackc": _CODE, "morestack_noctxt": _CODE, "abort": _CODE, "gcWriteBarrier2": _CODE, "sigpanic": _CODE, "doInit": _CODE,
    "vdsoClockgettimeSym": _SYSTEM, "vdsoGettimeofdaySym": _SYSTEM, "goarmsoftfp": _SYSTEM, "goarm": _SYSTEM, "haveHighResSleep": _SYSTEM,
    "mayMoreStackPreempt": _TESTS, "mayMoreStackMove": _TESTS, "blockUntilEmptyFinalizerQueue": _TESTS,
}  # fmt: skip
"""Names that a program cannot link to here, with the reason."""


def _names_of_go() -> set[str]:
    toolchain = find_toolchain()
    command = [str(toolchain.go), "list", "-f", "{{range .GoFiles}}{{$.Dir}}/{{.}}\n{{end}}", "runtime"]
    listed = subprocess.run(command, env=go_environment(toolchain), capture_output=True, text=True, check=True)
    names: set[str] = set()
    for path in listed.stdout.split():
        names |= set(re.findall(r"^//go:linkname (\w+)(?: runtime\.\1)?$", Path(path).read_text(), re.MULTILINE))
    return names


def test_every_name_that_modules_may_link_to_exists(library: Program) -> None:
    package = library.package("runtime")
    assert package is not None
    ours = {decl.name for decl in library.functions(package)} | {library.object(v.object).name for v in package.variables}
    ours |= {symbol.removeprefix("runtime.") for symbol in (*KERNEL, *ENTRIES)}
    ours |= {link.target.removeprefix("runtime.") for p in library.packages for link in p.linknames}
    real = _names_of_go()
    assert len(real) > 100
    assert real - ours == ABSENT.keys()
