"""Modules with assembly run with their portable files; a function that only assembly defines is refused by name, once a program reaches it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tricolor.frontend.toolchain import find_toolchain

_ASSEMBLY = '#include "textflag.h"\nTEXT ·F(SB), NOSPLIT, $0-8\n\tMOVQ $42, ret+0(FP)\n\tRET\n'
_DECLARED = "package a\n\nfunc F() int\n"
_PORTABLE = 'package a\n\nimport "math/bits"\n\nfunc F() int { return bits.OnesCount(7) }\n'
_MAIN = 'package main\n\nimport "m/a"\n\nfunc main() { println(a.F()) }\n'


def write_module(folder: Path, files: dict[str, str]) -> None:
    for name, text in ({"go.mod": "module m\n\ngo 1.27\n", "main.go": _MAIN, "a/f_amd64.s": _ASSEMBLY} | files).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    "files",
    [
        {"a/f_asm.go": f"//go:build amd64 && !purego\n\n{_DECLARED}", "a/f_go.go": f"//go:build !amd64 || purego\n\n{_PORTABLE}"},
        {"a/f_asm.go": f"//go:build amd64 && !noasm\n\n{_DECLARED}", "a/f_go.go": f"//go:build !amd64 || noasm\n\n{_PORTABLE}"},
        {"a/f_amd64.go": _DECLARED, "a/f_go.go": f"//go:build !amd64\n\n{_PORTABLE}"},
        {"a/f_amd64.go": _DECLARED, "a/f_arm64.s": "", "a/f_arm64.go": _DECLARED, "a/f_ppc64le.go": _PORTABLE},
    ],
    ids=["purego", "noasm", "other processors", "one other processor"],
)
def test_a_package_with_assembly_has_its_portable_files(tricolor: Run, tmp_path: Path, files: dict[str, str]) -> None:
    tags = [tag for tag in ("purego", "noasm") if tag in files.get("a/f_asm.go", "")]
    constraint = "".join(f"//go:build !{tag}\n\n" for tag in tags)
    write_module(tmp_path, files | {"a/f_amd64.s": constraint + _ASSEMBLY})
    assert tricolor("run", ".").err == "3\n"


@pytest.mark.slow
def test_a_function_that_only_assembly_defines_is_refused_by_name(tricolor: Run, tmp_path: Path) -> None:
    write_module(tmp_path, {"a/f.go": _DECLARED})
    done = tricolor("run", ".")
    assert (done.status, done.out) == (1, "")
    assert "function F of package m/a is not supported: it is written in assembly (f_amd64.s)" in done.err


@pytest.mark.slow
def test_assembly_that_no_program_reaches_is_no_matter(tricolor: Run, tmp_path: Path) -> None:
    write_module(tmp_path, {"a/f.go": _DECLARED, "main.go": 'package main\n\nimport _ "m/a"\n\nfunc main() { println("ran") }\n'})
    assert tricolor("run", ".").err == "ran\n"


_SYSTEM = """package main

import (
	"os"

	"golang.org/x/sys/unix"
)

func main() {
	var name unix.Utsname
	var now unix.Timespec
	var day unix.Timeval
	println(unix.Getpid() == os.Getpid(), unix.Getuid() == os.Getuid(), unix.Uname(&name) == nil, name.Sysname[0] == 'L')
	println(unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) == nil, now.Sec > 0, unix.Gettimeofday(&day) == nil, day.Sec > 0)
	_, err := unix.Open("/nonexistent", unix.O_RDONLY, 0)
	println(err == unix.ENOENT)
	in, out := make([]int, 2), []byte("text")
	println(unix.Pipe(in) == nil)
	n, _ := unix.Write(in[1], out)
	got := make([]byte, 8)
	m, _ := unix.Read(in[0], got)
	println(n, m, string(got[:m]))
}
"""


@pytest.mark.slow
def test_system_calls_of_x_sys_work(tricolor: Run, tmp_path: Path) -> None:
    source = find_toolchain().root / "src" / "cmd" / "vendor" / "golang.org" / "x" / "sys"
    shutil.copytree(source, tmp_path / "sys")
    (tmp_path / "sys" / "go.mod").write_text("module golang.org/x/sys\n\ngo 1.25\n")
    (tmp_path / "go.mod").write_text("module m\n\ngo 1.27\n\nrequire golang.org/x/sys v0.1.0\n\nreplace golang.org/x/sys => ./sys\n")
    (tmp_path / "main.go").write_text(_SYSTEM)
    assert tricolor("run", ".").err == "true true true true\ntrue true true true\ntrue\ntrue\n4 4 text\n"
