"""A program that ends by an error or a signal ends as with real Go: status, words, and the program's frames in traces."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import final

import pytest

from tricolor.frontend.toolchain import find_toolchain, go_environment

SOURCE = Path(__file__).parent / "endings" / "main.go"
LIMIT_S = 60


@final
@dataclass(frozen=True, slots=True)
class Builds:
    """The program, compiled by us and by Go without inlining, so that the frames are the same."""

    ours: Path
    real: Path


@final
@dataclass(frozen=True, slots=True)
class Ending:
    """How a program ended: status as subprocess gives it, standard output and standard error."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    folder = tmp_path_factory.mktemp("endings")
    toolchain = find_toolchain()
    made = Builds(folder / "ours", folder / "real")
    tricolor = [sys.executable, "-m", "tricolor.cli.main", "build", "-o", str(made.ours), str(SOURCE)]
    subprocess.run(tricolor, check=True, timeout=300)
    real = [str(toolchain.go), "build", "-gcflags=all=-l", "-o", str(made.real), str(SOURCE)]
    subprocess.run(real, check=True, env=go_environment(toolchain, None), timeout=300)
    return made


def _end(binary: Path, *words: str, **environment: str) -> Ending:
    done = subprocess.run(
        [binary, *words], capture_output=True, text=True, timeout=LIMIT_S, check=False, env={"PATH": os.environ["PATH"], **environment}
    )
    return Ending(done.returncode, done.stdout, done.stderr)


def _signalled(binary: Path, word: str, sent: int) -> Ending:
    with subprocess.Popen([binary, "wait", word], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(sent)
        out, err = process.communicate(timeout=LIMIT_S)
        return Ending(process.returncode, out, err)


def _plain(text: str) -> str:
    """The text without what differs between two builds: addresses, words of parameters, places in Go's own files, numbers of goroutines."""
    text = re.sub(r"(?m)^((?:main|time|log|runtime/debug|internal/sync|sync)\..*?|panic)\((?!\*).*\)$", r"\1(...)", text)
    text = re.sub(r"\t/\S*/lib/\S+\.go:\d+", "\tLIBRARY", text)
    text = re.sub(r"\t/\S+/(?:site-packages|go)/\S+\.go:\d+", "\tLIBRARY", text)
    text = re.sub(r" \+0x[0-9a-f]+", "", text)
    text = re.sub(r"0x[0-9a-f]+", "0x?", text)
    return re.sub(r"goroutine \d+", "goroutine N", text)


def _frames(text: str) -> list[str]:
    """The program's own frames."""
    return re.findall(r"(?m)^(?:created by )?main\.\S*(?=\(| in )", text)


CASES = (
    "again", "nested", "recovered", "loop", "goexit", "map", "promoted", "method value", "nil wrapper", "nil promoted", "go wrapper",
    "defer wrapper", "deadlock", "timers", "fatal", "init", "variable",
)  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_words_and_the_trace_are_gos(builds: Builds, case: str) -> None:
    ours, real = _end(builds.ours, case), _end(builds.real, case)
    assert (ours.status, _plain(ours.err)) == (real.status, _plain(real.err))


@pytest.mark.parametrize("level", ["none", "0", "single", "", "1", "all", "wer"])
@pytest.mark.parametrize("case", ["panic", "fatal", "deadlock"])
def test_gotraceback_says_how_much_is_shown(builds: Builds, case: str, level: str) -> None:
    ours, real = _end(builds.ours, case, GOTRACEBACK=level), _end(builds.real, case, GOTRACEBACK=level)
    assert (ours.status, _plain(ours.err)) == (real.status, _plain(real.err))


@pytest.mark.parametrize(("level", "status"), [("system", 2), ("2", 2), ("crash", -signal.SIGABRT)])
def test_the_higher_levels_show_addresses_and_the_runtime(builds: Builds, level: str, status: int) -> None:
    ours, real = _end(builds.ours, "panic", GOTRACEBACK=level), _end(builds.real, "panic", GOTRACEBACK=level)
    assert (ours.status, real.status) == (status, status)
    assert _frames(real.err) == _frames(ours.err)
    header = r"goroutine 1 gp=0x[0-9a-f]+ m=\d+ mp=0x[0-9a-f]+ \[running\]:\n"
    place = r"main\.main\(\)\n\t\S+main\.go:\d+ \+0x[0-9a-f]+ fp=0x[0-9a-f]+ sp=0x[0-9a-f]+ pc=0x[0-9a-f]+\n"
    for text in (ours.err, real.err):
        assert re.search(header, text)
        assert re.search(place, text)
        assert re.search(r"(?m)^runtime\.main\(", text)
        assert re.search(r"goroutine \d+ gp=0x[0-9a-f]+ m=nil \[sleep\]:\n", text)


def test_a_throw_shows_everything(builds: Builds) -> None:
    for text in (_end(builds.ours, "throw", GOTRACEBACK="none").err, _end(builds.real, "throw", GOTRACEBACK="none").err):
        assert text.startswith("fatal error: runtime.SetFinalizer: first argument is int, not pointer\n\ngoroutine 1 gp=0x")
        assert re.search(r"(?m)^runtime\.throw\(", text)


@pytest.mark.parametrize(("environment", "level"), [("", "all"), ("", "none"), ("single", "none"), ("all", "single"), ("none", "crash")])
def test_set_traceback_adds_to_the_environment(builds: Builds, environment: str, level: str) -> None:
    ours = _end(builds.ours, "set", level, GOTRACEBACK=environment)
    real = _end(builds.real, "set", level, GOTRACEBACK=environment)
    assert ours.status == real.status
    if level == "crash":
        assert _frames(real.err) == _frames(ours.err)
    else:
        assert _plain(ours.err) == _plain(real.err)


def test_the_last_words_are_copied_to_the_crash_output(builds: Builds, tmp_path: Path) -> None:
    ours = _end(builds.ours, "crash output", str(tmp_path / "ours"))
    real = _end(builds.real, "crash output", str(tmp_path / "real"))
    assert (ours.out, ours.status, _plain(ours.err)) == (real.out, real.status, _plain(real.err))
    copy = (tmp_path / "ours").read_text()
    assert ours.err == "before\n" + copy
    assert _plain(copy) == _plain((tmp_path / "real").read_text())


def test_calls_through_wrappers_have_the_line_of_the_call(builds: Builds) -> None:
    assert _end(builds.ours, "lines") == _end(builds.real, "lines")


def test_callers_of_a_deferred_function_are_gos(builds: Builds) -> None:
    assert _end(builds.ours, "callers").out == _end(builds.real, "callers").out


def test_stack_begins_with_its_caller(builds: Builds) -> None:
    assert _plain(_end(builds.ours, "stack").out) == _plain(_end(builds.real, "stack").out)


def test_a_write_to_a_broken_pipe_gives_an_error(builds: Builds) -> None:
    ours = _end(builds.ours, "broken pipe")
    assert ours == _end(builds.real, "broken pipe")
    assert ours.out == "write |1: broken pipe true\n"


SHOWN = {
    signal.SIGQUIT: "SIGQUIT: quit", signal.SIGABRT: "SIGABRT: abort", signal.SIGTRAP: "SIGTRAP: trace trap",
    signal.SIGSYS: "SIGSYS: bad system call", signal.SIGSEGV: "SIGSEGV: segmentation violation", signal.SIGFPE: "SIGFPE: floating-point exception",
}  # fmt: skip


@pytest.mark.parametrize("word", ["sleep", "busy"])
@pytest.mark.parametrize("sent", SHOWN)
def test_a_signal_that_ends_the_program_shows_its_goroutines(builds: Builds, sent: signal.Signals, word: str) -> None:
    for ended in (_signalled(builds.ours, word, sent), _signalled(builds.real, word, sent)):
        assert ended.status == 2
        assert re.match(re.escape(SHOWN[sent]) + r"\nPC=0x[0-9a-f]+ m=\d+ sigcode=0.*\n(instruction bytes:.*\n)?\n", ended.err), ended.err
        assert re.search(
            r"goroutine 1 gp=0x[0-9a-f]+ m=(nil|\d+ mp=\S+) \[.*\]:\n(.*\n)*main\.wait\(.*\n(.*\n)*main\.main\(\)\n", ended.err
        )
        assert re.search(r"(?m)^rip    0x[0-9a-f]+$", ended.err)


QUIET = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGALRM, signal.SIGPROF, signal.SIGIO, signal.SIGVTALRM, 40)


@pytest.mark.parametrize("sent", QUIET)
def test_signals_without_a_meaning_do_nothing(builds: Builds, sent: int) -> None:
    assert _signalled(builds.ours, "sleep", sent) == Ending(0, "over\n", "")


@pytest.mark.parametrize(
    ("word", "sent"),
    [
        ("notify", signal.SIGUSR1), ("notify", signal.SIGQUIT), ("notify", signal.SIGSEGV), ("notify", signal.SIGPIPE), ("notify", 40),
        ("ignore", signal.SIGQUIT), ("ignore", signal.SIGHUP), ("reset", signal.SIGHUP), ("reset", signal.SIGUSR2),
    ],
)  # fmt: skip
def test_os_signal_changes_what_signals_do(builds: Builds, word: str, sent: int) -> None:
    ours, real = _signalled(builds.ours, word, sent), _signalled(builds.real, word, sent)
    assert ours == real


def test_children_inherit_no_ignored_signals(builds: Builds) -> None:
    ignored: list[str] = []
    for binary in (builds.ours, builds.real):
        with subprocess.Popen([binary, "wait", "sleep"], stdout=subprocess.PIPE, text=True, env={}) as process:
            assert process.stdout is not None
            process.stdout.readline()
            status = Path(f"/proc/{process.pid}/status").read_text()
            ignored += re.findall(r"SigIgn:\t(\w+)", status)
            process.kill()
    assert ignored[0] == ignored[1]
