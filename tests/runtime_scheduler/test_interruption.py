"""Signals that stop goroutines between two instructions, in compiled programs and in simulation; SIGQUIT."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
import time
from typing import Final

import pytest

from tests.runtime_scheduler.conftest import CHECK_LEVEL, PROGRAM, STRESS, Finished, RunCase
from tests.runtime_scheduler.simulated import world
from tricolor.abi.exchange_sequence import EXCHANGE_BEGIN, EXCHANGE_BYTES, EXCHANGE_INSIDE, exchange_assembly
from tricolor.kernel.restartable import BUMP_BLOCK_AT, BUMP_BYTES, BUMP_INSIDE, BUMP_POINTER_AT
from tricolor.kernel.simulation.run import Simulation
from tricolor.llvm.compile import Unit, compile_object

RIGHT = Finished(0, "", "")
TABLE_WORDS = 6


# --- Compiled programs -----------------------------------------------------------------------------


def test_a_loop_that_calls_nothing_does_not_keep_others_from_running(run_case: RunCase) -> None:
    assert run_case("spin") == RIGHT


def test_asyncpreemptoff_leaves_loops_alone(run_case: RunCase) -> None:
    assert run_case("unstopped", debug="asyncpreemptoff=1,processors=1") == RIGHT


def test_a_goroutine_that_collects_in_a_loop_does_not_keep_others_from_running(run_case: RunCase) -> None:
    assert run_case("collect") == RIGHT


@pytest.mark.parametrize("debug", ["", "gcstress=20,clobberfree=1", STRESS])
def test_registers_and_pointers_survive_being_stopped_anywhere(run_case: RunCase, debug: str) -> None:
    assert run_case("registers", debug=f"gcpreempt=100,{debug}") == RIGHT


@pytest.mark.parametrize("case", ["many", "sleep", "deep", "recover", "arguments", "select"])
def test_other_cases_end_alike_when_goroutines_are_stopped_anywhere(run_case: RunCase, case: str) -> None:
    assert run_case(case, debug="gcpreempt=100") == run_case(case)


def test_a_program_gets_the_urgent_signals_that_it_asks_for(run_case: RunCase) -> None:
    assert run_case("urgent") == RIGHT


def quit_by(case: str, number: int) -> tuple[int, str]:
    """Status and error output of a case that says that it is ready and then gets a signal."""
    command = [sys.executable, "-m", "tricolor.cli.main", "run", f"--check={CHECK_LEVEL}", *PROGRAM, case]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"GODEBUG": ""})
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        # What said so has to wait before another goroutine runs.
        time.sleep(0.2)
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    return process.returncode, error


def test_sigquit_shows_all_goroutines_while_a_loop_runs_that_calls_nothing() -> None:
    status, error = quit_by("quit", signal.SIGQUIT)
    assert status == 2
    assert re.match(
        r"SIGQUIT: quit\nPC=0x[0-9a-f]+ m=\d+ sigcode=0\n\ngoroutine 1 gp=0x[0-9a-f]+ m=\d+ mp=0x[0-9a-f]+ \[running\]:\n", error
    )
    assert re.findall(r"^main\.\w+", error, re.MULTILINE)[:3] == ["main.spin", "main.caller", "main.spinForEver"]
    assert "[select (no cases)]:" in error


def test_sigabrt_does_the_same_while_the_thread_sleeps() -> None:
    status, error = quit_by("asleep", signal.SIGABRT)
    assert status == 2
    assert re.match(r"SIGABRT: abort\nPC=0x[0-9a-f]+ m=\d+ sigcode=0\n\ngoroutine 1 gp=0x[0-9a-f]+ m=nil \[sleep\]:\n", error)


def test_sigquit_ends_a_program_again_that_stopped_asking_for_it() -> None:
    assert quit_by("noticed", signal.SIGQUIT)[0] == 2


# --- The restartable sequence ------------------------------------------------------------------------


@pytest.fixture
def simulation() -> Simulation:
    """The scheduler's modules, with the memory that they had when the program was about to start."""
    made = world()
    made.simulation.memory.restore(made.snapshot)
    return made.simulation


def code_at(simulation: Simulation, code: bytes) -> int:
    """Puts code into memory as a program's image; gives its address."""
    image = simulation.memory.map(4096)
    simulation.memory.write(image, code)
    table = simulation.memory.map(4096)
    simulation.memory.write(table, struct.pack(f"<{TABLE_WORDS}Q", image, 0, 0, 0, 0, 0))
    finish(simulation, "tricolor.set_symbols", table)
    return image


def finish(simulation: Simulation, symbol: str, *arguments: int) -> int:
    """The result of a call that nothing interrupts."""
    steps = simulation.call(symbol, *arguments)
    try:
        while True:
            next(steps)
    except StopIteration as stop:
        return stop.value


def sequence(simulation: Simulation, registers: bytes = b"") -> bytes:
    """The sequence as it stands in compiled Go code."""
    code = bytearray(registers or BUMP_BYTES)
    for struct_name, field, at in (("Machine", "processor", BUMP_POINTER_AT), ("Processor", "mcache", BUMP_BLOCK_AT)):
        found = simulation.struct(struct_name).field_named(field)
        assert found is not None
        code[at : at + 4] = found.offset_bytes.to_bytes(4, "little")
    return bytes(code)


def test_a_goroutine_inside_the_restartable_sequence_begins_it_again(simulation: Simulation) -> None:
    image = code_at(simulation, bytes(64) + sequence(simulation) + bytes(64))
    start = image + 64
    for distance in range(-20, len(BUMP_BYTES) + 20):
        expected = start if distance in BUMP_INSIDE else start + distance
        assert finish(simulation, "begin_again", start + distance) == expected


@pytest.mark.parametrize("at", [0, 1, 2, 4, BUMP_POINTER_AT, 10, BUMP_BLOCK_AT, 18, 24, 32, 34])
def test_other_code_does_not_begin_again(simulation: Simulation, at: int) -> None:
    code = bytearray(sequence(simulation))
    code[at] ^= 0x40
    image = code_at(simulation, bytes(64) + bytes(code) + bytes(64))
    for inside in BUMP_INSIDE:
        assert finish(simulation, "begin_again", image + 64 + inside) == image + 64 + inside


# --- The sequence of a mutex -------------------------------------------------------------------------

EXCHANGE: Final = bytes.fromhex("".join(EXCHANGE_BYTES).replace("?", "0"))
LOCK_ONE: Final = """
define i1 @"main.lock"(ptr %mutex) {
  %flag = call i8 asm sideeffect "TEXT", "CONSTRAINTS"(ptr %mutex)
  %locked = trunc i8 %flag to i1
  ret i1 %locked
}
"""


def test_the_exchange_of_a_mutex_has_the_bytes_that_the_handler_expects() -> None:
    text, constraints = exchange_assembly(0, 1)
    compiled = compile_object(Unit("lock", LOCK_ONE.replace("TEXT", text).replace("CONSTRAINTS", constraints)))
    pattern = b"".join(
        b"." if each == "??" else re.escape(bytes.fromhex(each)) for each in re.findall(r"..", "".join(EXCHANGE_BYTES).replace(" ", ""))
    )
    found = re.search(pattern, compiled, re.DOTALL)
    assert found is not None
    assert compiled[found.end() :].startswith(bytes.fromhex("b800000000"))


def test_a_goroutine_inside_the_exchange_of_a_mutex_begins_it_again(simulation: Simulation) -> None:
    start = code_at(simulation, b"\x90" * 64 + EXCHANGE + b"\x90" * 64) + 64
    for distance in range(-20, len(EXCHANGE) + 20):
        expected = start + EXCHANGE_BEGIN if distance in EXCHANGE_INSIDE else start + distance
        assert finish(simulation, "begin_again", start + distance) == expected


def test_without_the_mark_a_goroutine_goes_on_where_it_is(simulation: Simulation) -> None:
    code = bytearray(EXCHANGE)
    code[4] ^= 1
    start = code_at(simulation, b"\x90" * 64 + bytes(code) + b"\x90" * 64) + 64
    for distance in EXCHANGE_INSIDE:
        assert finish(simulation, "begin_again", start + distance) == start + distance
