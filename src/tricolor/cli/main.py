"""Entry point of the command ``tricolor``: runs the subcommand, turns failures into messages and exit statuses.

Exit status: 0 on success; 1 for findings or compile errors; 2 for a wrong command line or a panic of the program; 3 for a bug in Tricolor;
otherwise the exit status of the program.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from tricolor.base.errors import CompilerBug, TricolorError, failure_text
from tricolor.base.files import open_standard_streams

_USAGE = """\
Tricolor runs Go programs on a memory manager of its own, and explains where every value lives.

Usage:

    tricolor <command> [flags] [arguments]

Commands:

    run      compile and run a Go program; --report shows where its memory went
    test     compile and run the tests of packages as go test does
    build    compile packages to executables; -gcflags=-m prints escape decisions in Go's words
    escape   show where each value of a package lives, why, and what would change it
    version  print the versions of Tricolor, Go and LLVM
    help     show the help of a command
"""


_HELP_FLAGS: Final = ("-h", "-help", "--help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    open_standard_streams()
    try:
        return _dispatch(words)
    except TricolorError as error:
        print(failure_text(error), file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has closed the pipe: write nothing more to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - any other exception is our bug
        print(failure_text(error), file=sys.stderr)
        return CompilerBug.exit_status


def _dispatch(words: list[str]) -> int:
    if not words:
        print(_USAGE, file=sys.stderr)
        return 2
    command, *rest = words
    if rest and rest[0] in _HELP_FLAGS:
        return _help([command])
    # Import a command only when it is used: running a cached program must not pay for loading the compiler.
    if command == "run":
        from tricolor.cli.run import run

        return run(rest)
    if command == "test":
        from tricolor.cli.test import test

        return test(rest)
    if command == "build":
        from tricolor.cli.build import build

        return build(rest)
    if command == "escape":
        from tricolor.cli.escape import escape

        return escape(rest)
    if command in ("version", "--version", "-version"):
        from tricolor.cli.version import version

        return version()
    if command == "help" or command in _HELP_FLAGS:
        return _help(rest)
    print(f"tricolor {command}: unknown command\nRun 'tricolor help' for usage.", file=sys.stderr)
    return 2


def _help(rest: list[str]) -> int:
    if not rest:
        print(_USAGE)
        return 0
    if rest[0] == "run":
        from tricolor.cli.run import HELP

        print(HELP)
        return 0
    if rest[0] == "test":
        from tricolor.cli.test import HELP

        print(HELP)
        return 0
    if rest[0] == "build":
        from tricolor.cli.build import HELP

        print(HELP)
        return 0
    if rest[0] == "version":
        print("usage: tricolor version\n\nPrints the versions of Tricolor, Go and LLVM.")
        return 0
    if rest[0] == "escape":
        from tricolor.cli.escape import HELP

        print(HELP)
        return 0
    print(f"tricolor help {rest[0]}: unknown command", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
