"""The command line of ``tricolor test`` is split as ``go test`` splits it."""

from __future__ import annotations

import os
import re

import pytest

from tricolor.base.errors import UsageError
from tricolor.cli.test import HELP
from tricolor.gotest.command_line import DEFAULT_ANALYZERS, KNOWN_FLAGS, parse_command
from tricolor.gotest.durations import format_duration, parse_duration

TIMEOUT = "-test.timeout=10m0s"


@pytest.mark.parametrize(
    ("words", "patterns", "arguments"),
    [
        ([], (), (TIMEOUT,)),
        (["./..."], ("./...",), (TIMEOUT,)),
        (["-v", "a", "b"], ("a", "b"), (TIMEOUT, "-test.v=true")),
        (["a", "-run", "X", "-short=false"], ("a",), (TIMEOUT, "-test.run=X", "-test.short=false")),
        (["--test.run=X", "a"], ("a",), (TIMEOUT, "-test.run=X")),
        (["a", "-custom", "value", "-run=Y"], ("a",), (TIMEOUT, "-custom", "value", "-test.run=Y")),
        (["-custom=1", "a"], (), (TIMEOUT, "-custom=1", "a")),
        (["a", "-v", "b", "-run=Y"], ("a",), (TIMEOUT, "-test.v=true", "b", "-run=Y")),
        (["a", "-args", "-v", "x"], ("a",), (TIMEOUT, "-v", "x")),
        (["a", "--", "-v"], ("a",), (TIMEOUT, "--", "-v")),
        (["-timeout", "30s", "a"], ("a",), ("-test.timeout=30s",)),
        (["-json", "a"], ("a",), ("-test.v=test2json", TIMEOUT)),
        (["-cpuprofile=p", "a"], ("a",), (TIMEOUT, f"-test.outputdir={os.getcwd()}", "-test.cpuprofile=p")),
        (["-vet=off", "-p", "3", "-tags=x", "a"], ("a",), (TIMEOUT,)),
    ],
)
def test_words_are_split_as_go_splits_them(words: list[str], patterns: tuple[str, ...], arguments: tuple[str, ...]) -> None:
    command = parse_command(words)
    assert command.patterns == patterns
    assert command.arguments == arguments


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-count=x"], 'invalid value "x" for flag -count: parse error'),
        (["-timeout=5"], 'invalid value "5" for flag -timeout: parse error'),
        (["-v=maybe"], 'invalid boolean value "maybe" for -v: parse error'),
        (["-run"], "flag needs an argument: -run"),
        (["-shuffle=x"], '-shuffle argument must be "on", "off", or an int64'),
        (["-vet=off,printf"], '-vet does not accept "off" in a list'),
        (["-c", "-custom"], "unknown flag -custom cannot be used with -c"),
        (["-race"], "-race is not supported: the race detector is Go's own"),
        (["-fuzz=."], "-fuzz is not supported: fuzz targets run with their seeds only"),
    ],
)
def test_a_wrong_flag_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_command(words)
    assert message in str(caught.value)


def test_vet_has_gos_subset_unless_another_is_named() -> None:
    assert parse_command([]).analyzers == DEFAULT_ANALYZERS
    assert parse_command(["-vet=off"]).analyzers is None
    assert parse_command(["-vet=all"]).analyzers == ()
    assert parse_command(["-vet=atomic,tests"]).analyzers == ("atomic", "tests")


def test_a_binary_is_ended_after_its_timeout_but_not_while_it_measures() -> None:
    assert parse_command(["-timeout=30s"]).kill_after == 90
    assert parse_command(["-timeout=1h"]).kill_after == 3600 + 360
    assert parse_command(["-timeout=0"]).kill_after is None
    assert parse_command(["-bench=."]).kill_after is None


@pytest.mark.parametrize(
    ("text", "seconds", "again"),
    [("90s", 90, "1m30s"), ("1h", 3600, "1h0m0s"), ("1.5s", 1.5, "1.5s"), ("0", 0, "0s"), ("1m0.25s", 60.25, "1m0.25s")],
)
def test_durations_are_read_and_written_as_go_does(text: str, seconds: float, again: str) -> None:
    assert parse_duration(text) == seconds
    assert format_duration(seconds) == again


def test_what_is_no_duration_is_none() -> None:
    assert [parse_duration(text) for text in ("", "5", "s", "1x", "1s ")] == [None] * 5


def test_help_names_every_flag() -> None:
    listed = set(re.findall(r"(?<![\w=])--?(\w+)", HELP.partition("Flags that choose")[2]))
    assert listed - {"args"} == KNOWN_FLAGS
