"""Command lines are parsed as Go's commands parse them; help and documents agree with the flags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tricolor.base.errors import UsageError
from tricolor.cli import build, escape, run, test
from tricolor.cli.common import split_patterns
from tricolor.cli.flags import Flag, parse_flags
from tricolor.cli.main import main

ROOT = Path(__file__).parents[2]
COMMANDS = {"run": run.FLAGS, "build": build.FLAGS, "escape": escape.FLAGS}
HELP = {"run": run.HELP, "build": build.HELP, "escape": escape.HELP}
DOCUMENTS = ("README.md", "CHANGELOG.md", "docs/escape-profile.md")

FLAGS = (Flag("tags", "tags"), Flag("report", "report", False), Flag("format", "form", "text", ("text", "json")))


def _example(flag: Flag) -> str:
    return f"={flag.choices[-1] if flag.choices else 'x'}" if isinstance(flag.default, str) else ""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_is_accepted_with_one_dash_and_with_two(command: str) -> None:
    for flag in COMMANDS[command]:
        one, two = (parse_flags(command, COMMANDS[command], [f"{dashes}{flag.name}{_example(flag)}"]) for dashes in ("-", "--"))
        assert one == two
        assert one.values[flag.name] != flag.default


def test_flags_end_at_the_first_other_word() -> None:
    parsed = parse_flags("run", FLAGS, ["x.go", "-report"])
    assert parsed.rest == ("x.go", "-report")
    assert not parsed.switch("report")


def test_two_dashes_alone_end_the_flags() -> None:
    assert parse_flags("run", FLAGS, ["--", "-report"]).rest == ("-report",)


@pytest.mark.parametrize("words", [["-bogus"], ["-tags"], ["-format=xml"], ["-report=maybe"], ["---report"], ["--=x"]])
def test_a_wrong_flag_is_a_usage_error(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse_flags("run", FLAGS, words)


def test_leading_go_files_are_the_program() -> None:
    assert split_patterns(["a.go", "b.go", "c", "d.go"]) == (("a.go", "b.go"), ("c", "d.go"))


def test_otherwise_one_package_is_the_program() -> None:
    assert split_patterns(["./cmd", "x.go"]) == (("./cmd",), ("x.go",))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-report=maybe"], 'invalid boolean value "maybe" for --report'),
        (["-format=xml"], 'invalid value "xml" for --format: use one of text, json'),
        (["--tags"], "flag needs an argument: -tags"),
        (["--bogus=1"], "flag provided but not defined: --bogus\nRun 'tricolor help run' for usage."),
    ],
)
def test_messages_spell_flags_as_help_does(words: list[str], message: str) -> None:
    flags = (Flag("tags", "tags", from_go=True), *FLAGS[1:])
    with pytest.raises(UsageError) as refused:
        parse_flags("run", flags, words)
    assert str(refused.value) == message


@pytest.mark.parametrize("command", COMMANDS)
def test_help_lists_every_flag_of_the_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", command]) == 0
    assert capsys.readouterr().out == HELP[command] + "\n"
    listed = re.findall(r"^  (-[\w-]+)", HELP[command].partition("Flags:\n")[2], re.MULTILINE)
    assert listed == [flag.spelling for flag in COMMANDS[command]]


def test_the_readme_and_the_usage_name_the_same_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help"]) == 0
    listed = re.findall(r"^    (\w+)  +\w", capsys.readouterr().out, re.MULTILINE)
    assert set(listed) == {*COMMANDS, "test", "version", "help"}
    table = (ROOT / "README.md").read_text().partition("## Commands")[2].partition("\n\n`")[0]
    assert set(re.findall(r"^\| `tricolor (\w+)", table, re.MULTILINE)) == set(listed)


def _flags_in(text: str) -> list[str]:
    """The flags in help or a document: words with one dash or two, except in commands of other programs."""
    text = re.sub(r"`[^`]*go (build|test|run|tool)[^`]*`|^    uv run (python|pytest).*$", "", text, flags=re.MULTILINE)
    return re.findall(r"(?<![\w=-])-{1,2}[a-z]\w*", text)


def _misspelled(text: str, flags: Sequence[Flag]) -> list[str]:
    known = {flag.name: flag.spelling for flag in flags}
    return [word for word in _flags_in(text) if word.lstrip("-") in known and word != known[word.lstrip("-")]]


def test_a_misspelled_flag_is_found() -> None:
    assert _misspelled("-heap --heap --tags -tags `go build -tags=a`", escape.FLAGS) == ["-heap", "--tags"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_spell_flags_as_help_does(document: str) -> None:
    text = (ROOT / document).read_text()
    flags = [flag for flags in COMMANDS.values() for flag in flags]
    assert _misspelled(text, flags) == []
    of_test = set(re.findall(r"^  (--\w+)", test.HELP, re.MULTILINE))
    assert not {word for word in _flags_in(text) if word.startswith("--")} - {flag.spelling for flag in flags} - of_test


@pytest.mark.parametrize("command", COMMANDS)
def test_help_spells_flags_of_other_commands_in_the_same_way(command: str) -> None:
    assert _misspelled(HELP[command], [flag for flags in COMMANDS.values() for flag in flags]) == []
