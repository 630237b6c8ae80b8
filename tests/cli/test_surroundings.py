"""The surroundings of a program: signals, memory limits, build tags, vendored modules, a failing cache."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tricolor.base.files import write_atomically

TRICOLOR = Path(sys.executable).parent / "tricolor"
WAIT = 'package main\n\nimport "time"\n\nfunc main() {\n\tprintln("ready")\n\ttime.Sleep(time.Minute)\n}\n'
SPIN = 'package main\n\nfunc main() {\n\tprintln("ready")\n\tfor {\n\t}\n}\n'
TREES = """package main

import "runtime/debug"

type tree struct{ left, right *tree }

func build(depth int) *tree {
	if depth == 0 {
		return &tree{}
	}
	return &tree{build(depth - 1), build(depth - 1)}
}

func main() {
	for range 40 {
		build(14)
	}
	debug.SetGCPercent(-1)
}
"""


@pytest.mark.parametrize("source", [WAIT, SPIN], ids=["waiting", "running"])
def test_ctrl_c_ends_the_program_as_a_signal_does(tmp_path: Path, source: str) -> None:
    (tmp_path / "p.go").write_text(source)
    process = subprocess.Popen([TRICOLOR, "run", "p.go"], cwd=tmp_path, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == -signal.SIGINT
        assert process.stderr.read() == ""
    finally:
        process.kill()


def collections(tricolor: Run, **environment: str) -> list[str]:
    done = tricolor("run", "p.go", environment={"GODEBUG": "gctrace=1"} | environment)
    assert done.status == 0, done.err
    return [line for line in done.err.splitlines() if line.startswith("gc ")]


def test_gogc_and_gomemlimit_decide_when_to_collect(tricolor: Run, tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text(TREES)
    default = collections(tricolor)
    assert len(default) > 2
    assert collections(tricolor, GOGC="off") == []
    assert len(collections(tricolor, GOGC="400")) < len(default)
    limited = collections(tricolor, GOGC="off", GOMEMLIMIT="8MiB")
    assert limited
    assert all(int(re.findall(r" (\d+) MB goal", line)[0]) <= 8 for line in limited)


def test_a_malformed_memory_limit_ends_the_program_and_not_the_compiler(tricolor: Run, tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text("package main\n\nfunc main() {}\n")
    done = tricolor("run", "p.go", environment={"GOMEMLIMIT": "12q"})
    assert done.status == 2
    assert done.err.startswith("GOMEMLIMIT=12q\nfatal error: malformed GOMEMLIMIT; see `go doc runtime/debug.SetMemoryLimit`\n")


def test_build_tags_choose_files_of_a_module_with_several_packages(tricolor: Run, tmp_path: Path) -> None:
    write_module(tmp_path)
    assert tricolor("run", ".").err == "vendored plain\n"
    assert tricolor("run", "-tags", "special", ".").err == "vendored special\n"
    assert tricolor("run", "-tags=special,other", "example.com/app").err == "vendored special\n"


def test_a_vendor_folder_that_contradicts_go_mod_is_reported_as_by_go(tricolor: Run, tmp_path: Path) -> None:
    write_module(tmp_path)
    (tmp_path / "go.mod").write_text((tmp_path / "go.mod").read_text().replace("v1.2.3", "v1.2.4"))
    done = tricolor("run", ".")
    assert done.status == 1
    assert "inconsistent vendoring" in done.err
    assert "Traceback" not in done.err


def write_module(root: Path) -> None:
    """Write a module with a package that build tags change, and with a vendored dependency."""
    files = {
        "go.mod": "module example.com/app\n\ngo 1.27\n\nrequire example.com/dep v1.2.3\n",
        "main.go": 'package main\n\nimport (\n\t"example.com/app/lib"\n\t"example.com/dep"\n)\n\nfunc main() { println(dep.Name(), lib.Kind) }\n',
        "lib/a.go": '//go:build special\n\npackage lib\n\nconst Kind = "special"\n',
        "lib/b.go": '//go:build !special\n\npackage lib\n\nconst Kind = "plain"\n',
        "vendor/modules.txt": "# example.com/dep v1.2.3\n## explicit; go 1.21\nexample.com/dep\n",
        "vendor/example.com/dep/dep.go": 'package dep\n\nfunc Name() string { return "vendored" }\n',
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_limit_on_address_space_shrinks_the_heap(tmp_path: Path) -> None:
    (tmp_path / "p.go").write_text(
        "package main\n\nvar keep [][]byte\n\nfunc main() {\n\tfor {\n\t\tkeep = append(keep, make([]byte, 1<<20))\n\t}\n}\n"
    )
    limit = 3 << 30
    done = subprocess.run(
        [TRICOLOR, "run", "p.go"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )  # fmt: skip
    assert done.returncode == 2
    assert re.search(
        r"^runtime: out of memory: cannot allocate 1048576-byte block \(\d{8,} in use\)\nfatal error: out of memory\n\n"
        r"goroutine 1 gp=0x[0-9a-f]+ m=\d+ mp=0x[0-9a-f]+ \[running\]:\n(?:runtime\..*\n\t.*\n)*main\.main\(\)\n\t/.*/p\.go:7 ",
        done.stderr,
    )


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "entry"
    write_atomically(target, b"before")

    def full(dir: Path, prefix: str) -> tuple[int, str]:
        path = str(dir / f"{prefix}x")
        Path(path).touch()
        return os.open("/dev/full", os.O_WRONLY), path

    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(OSError, match="No space left") as raised:
        write_atomically(target, b"after")
    assert raised.value.errno == errno.ENOSPC
    assert [path.name for path in tmp_path.iterdir()] == ["entry"]
    assert target.read_bytes() == b"before"


def test_a_full_cache_is_named_and_has_no_partial_files(tricolor: Run, tmp_path: Path) -> None:
    """A limit on file sizes simulates a full disk, which would need a file system of its own."""
    (tmp_path / "p.go").write_text('package main\n\nfunc main() { println("made") }\n')
    cache = tmp_path / "cache"
    environment = {"TRICOLOR_CACHE": str(cache)}
    assert tricolor("run", "p.go", environment=environment).err == "made\n"
    for kind in ("obj", "image", "program", "symbols"):
        for path in (cache / kind).rglob("*"):
            if path.is_file():
                path.unlink()
    limit = 64 << 10
    done = subprocess.run(
        [TRICOLOR, "run", "-tags=x", "p.go"], cwd=tmp_path, env=os.environ | environment, capture_output=True, text=True, check=False,
        timeout=300, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert not list(cache.rglob(".writing-*"))
    assert tricolor("run", "-tags=x", "p.go", environment=environment).err == "made\n"


@pytest.mark.parametrize("kind", ["obj", "image", "program", "symbols", "kernel", "linetable"])
def test_a_corrupt_entry_of_any_kind_is_made_again(tricolor: Run, tmp_path: Path, kind: str) -> None:
    (tmp_path / "p.go").write_text('package main\n\nfunc main() { println("made") }\n')
    cache = tmp_path / "cache"
    environment = {"TRICOLOR_CACHE": str(cache)}
    assert tricolor("run", "p.go", environment=environment).err == "made\n"
    entries = [path for path in (cache / kind).rglob("*") if path.is_file()]
    assert entries
    for path in entries:
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
    if kind != "program":
        for path in (cache / "program").rglob("*"):
            if path.is_file():
                path.unlink()
    done = tricolor("run", "p.go", environment=environment)
    assert (done.status, done.err) == (0, "made\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_standard_streams_are_dev_null(tmp_path: Path, closed: str) -> None:
    source = 'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nfunc main() {\n\tf, _ := os.Create("f")\n\tfmt.Println("x")\n\tprintln("y")\n'
    (tmp_path / "p.go").write_text(source + '\tf.WriteString("z")\n\tos.Exit(len(os.Args))\n}\n')
    for command in ("tricolor run p.go a", "tricolor build -o p p.go && ./p a"):
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", f"({command}) {closed}"], cwd=tmp_path, env=os.environ | {"PATH": path}, timeout=300, check=False
        )
        assert done.returncode == 2
        assert (tmp_path / "f").read_text() == "z"
