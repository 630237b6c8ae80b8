"""Programs of Go's test suite that check the compiler's -m: our lines equal the compiler's."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tools.escapecheck.programs import RECORD, SUITE, Output, Program, find_programs, our_output, read_record, write_module

pytestmark = pytest.mark.skipif(not SUITE.is_dir(), reason="Go's test suite is not installed")


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Program, tuple[Output, Output]]:
    """Our output and the compiler's, for each program."""
    folder = tmp_path_factory.mktemp("programs")
    programs = find_programs()
    write_module(folder, programs)
    recorded = read_record(RECORD)
    return {program: (ours, recorded[program]) for program, ours in zip(programs, our_output(folder, programs), strict=True)}


def test_the_record_has_the_programs_of_the_suite() -> None:
    assert list(read_record(RECORD)) == find_programs()


def test_lines_equal_the_compilers(compared: Mapping[Program, tuple[Output, Output]]) -> None:
    assert not [program.name for program, (ours, theirs) in compared.items() if ours.lines != theirs.lines]


def test_every_explanation_begins_and_ends_as_the_compilers(
    compared: Mapping[Program, tuple[Output, Output]],
) -> None:
    assert not [program.name for program, (ours, theirs) in compared.items() if ours.flows != theirs.flows]
