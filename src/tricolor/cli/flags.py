"""Parse command lines as Go's commands do: flags first, ``-name value`` or ``-name=value``, with one dash or two.

Help and messages write a flag that Go's own commands have as Go does, with one dash, and Tricolor's own flags with two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from tricolor.base.errors import UsageError


@final
@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. A ``default`` of type bool makes it a switch; ``choices`` restricts its values; ``help`` is one line; ``from_go``: Go's own commands
    have this flag."""

    name: str
    help: str
    default: str | bool = ""
    choices: tuple[str, ...] = ()
    value_name: str = "VALUE"
    from_go: bool = False

    @property
    def spelling(self) -> str:
        """The flag as help and messages write it."""
        return f"-{self.name}" if self.from_go else f"--{self.name}"


@final
@dataclass(frozen=True, slots=True)
class Parsed:
    """Flag values by name, and the words after the flags."""

    values: Mapping[str, str | bool]
    rest: tuple[str, ...]

    def text(self, name: str) -> str:
        value = self.values[name]
        assert isinstance(value, str)
        return value

    def switch(self, name: str) -> bool:
        value = self.values[name]
        assert isinstance(value, bool)
        return value


def parse_flags(command: str, flags: Sequence[Flag], arguments: Sequence[str]) -> Parsed:
    """Split a command line. Raises UsageError for an unknown flag or a bad value."""
    known = {flag.name: flag for flag in flags}
    values: dict[str, str | bool] = {flag.name: flag.default for flag in flags}
    index = 0
    while index < len(arguments):
        word = arguments[index]
        if not word.startswith("-") or word == "-":
            break
        index += 1
        if word == "--":
            break
        dashes = 2 if word.startswith("--") else 1
        name, equals, value = word[dashes:].partition("=")
        if not name or name.startswith("-"):
            raise UsageError(f"bad flag syntax: {word}")
        flag = known.get(name)
        if flag is None:
            raise UsageError(f"flag provided but not defined: {word[:dashes]}{name}\nRun 'tricolor help {command}' for usage.")
        if isinstance(flag.default, bool):
            if equals and value not in ("true", "false"):
                raise UsageError(f'invalid boolean value "{value}" for {flag.spelling}')
            values[name] = value != "false"
            continue
        if not equals:
            if index == len(arguments):
                raise UsageError(f"flag needs an argument: {flag.spelling}")
            value = arguments[index]
            index += 1
        if flag.choices and value not in flag.choices:
            raise UsageError(f'invalid value "{value}" for {flag.spelling}: use one of {", ".join(flag.choices)}')
        values[name] = value
    return Parsed(values, tuple(arguments[index:]))


def describe(flags: Sequence[Flag]) -> str:
    """The help text of the flags, one line each."""
    rows = [(f"  {flag.spelling}" + ("" if isinstance(flag.default, bool) else f"={flag.value_name}"), flag.help) for flag in flags]
    width = max(len(left) for left, _ in rows)
    return "\n".join(f"{left:<{width}}  {right}" for left, right in rows)
