"""Command lines as Go's commands read them: flags first, ``-name value`` or ``-name=value``, one dash or two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from tricolor.base.errors import UsageError


@final
@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: ``default`` a bool makes it a switch; ``choices`` restricts its values; ``help`` is one line."""

    name: str
    help: str
    default: str | bool = ""
    choices: tuple[str, ...] = ()
    value_name: str = "VALUE"


@final
@dataclass(frozen=True, slots=True)
class Parsed:
    """Flag values by name and what follows the flags."""

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
        name, equals, value = word.lstrip("-").partition("=")
        flag = known.get(name)
        if flag is None:
            raise UsageError(f"flag provided but not defined: -{name}\nRun 'tricolor help {command}' for usage.")
        if isinstance(flag.default, bool):
            if equals and value not in ("true", "false"):
                raise UsageError(f'invalid boolean value "{value}" for -{name}')
            values[name] = value != "false"
            continue
        if not equals:
            if index == len(arguments):
                raise UsageError(f"flag needs an argument: -{name}")
            value = arguments[index]
            index += 1
        if flag.choices and value not in flag.choices:
            raise UsageError(f'invalid value "{value}" for -{name}: one of {", ".join(flag.choices)}')
        values[name] = value
    return Parsed(values, tuple(arguments[index:]))


def describe(flags: Sequence[Flag]) -> str:
    """Help text of the flags, one per line."""
    rows = [(f"  -{flag.name}" + ("" if isinstance(flag.default, bool) else f"={flag.value_name}"), flag.help) for flag in flags]
    width = max(len(left) for left, _ in rows)
    return "\n".join(f"{left:<{width}}  {right}" for left, right in rows)
