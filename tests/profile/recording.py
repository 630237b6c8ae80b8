"""Record heap profiles of the example programs with real Go, by a Go test that calls the program's main."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
ARGUMENTS = {"wordcount": (str(ROOT / "LICENSE"),)}

_TEST = """package main

import (
	"os"
	"testing"
)

func TestProgram(t *testing.T) {
	os.Args = []string{%s}
	main()
}
"""


def prepare(folder: Path, example: str) -> Path:
    """Write a module with a copy of an example program and a Go test that runs it."""
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text(f"module example.com/{example}\n\ngo 1.27\n")
    (folder / f"{example}.go").write_text((ROOT / "examples" / f"{example}.go").read_text())
    words = ", ".join(f'"{word}"' for word in (example, *ARGUMENTS.get(example, ())))
    (folder / "run_test.go").write_text(_TEST % words)
    return folder


def record(folder: Path, *flags: str) -> Path:
    """Run the Go test and return its profile, which records every allocation."""
    file = folder / "mem.pprof"
    command = [TOOLS / "go", "test", *flags, "-count=1", "-memprofilerate=1", f"-memprofile={file}", "-o", folder / "program.test", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=200, env=os.environ | {"GOFLAGS": ""})
    assert done.returncode == 0, done.stdout + done.stderr
    return file
