"""Command lines as Go's commands read them."""

from __future__ import annotations

import pytest

from tricolor.base.errors import UsageError
from tricolor.cli.common import split_patterns
from tricolor.cli.flags import Flag, parse_flags

FLAGS = (Flag("tags", "tags"), Flag("report", "report", False), Flag("format", "form", "text", ("text", "json")))


def test_one_dash_and_two_dashes_are_the_same() -> None:
    assert parse_flags("run", FLAGS, ["--report", "-tags", "a,b", "x.go"]).text("tags") == "a,b"
    assert parse_flags("run", FLAGS, ["-report", "--tags=a,b", "x.go"]).switch("report")


def test_flags_end_at_the_first_other_word() -> None:
    parsed = parse_flags("run", FLAGS, ["x.go", "-report"])
    assert parsed.rest == ("x.go", "-report")
    assert not parsed.switch("report")


def test_two_dashes_alone_end_the_flags() -> None:
    assert parse_flags("run", FLAGS, ["--", "-report"]).rest == ("-report",)


@pytest.mark.parametrize("words", [["-bogus"], ["-tags"], ["-format=xml"], ["-report=maybe"]])
def test_a_wrong_flag_is_a_usage_error(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse_flags("run", FLAGS, words)


def test_leading_go_files_are_the_program() -> None:
    assert split_patterns(["a.go", "b.go", "c", "d.go"]) == (("a.go", "b.go"), ("c", "d.go"))


def test_otherwise_one_package_is_the_program() -> None:
    assert split_patterns(["./cmd", "x.go"]) == (("./cmd",), ("x.go",))
