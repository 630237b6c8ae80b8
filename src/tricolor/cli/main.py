"""Entry point of the command ``tricolor``: finds the subcommand, turns failures into messages and exit statuses.

Exit status: 0 fine, 1 findings or compile errors, 2 usage or a panic of the program, 3 a bug of this compiler; else the program's own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from tricolor.base.errors import CompilerBug, TricolorError

_USAGE = """\
Tricolor runs Go programs on a memory manager of its own, and explains where every value lives.

Usage:

    tricolor <command> [flags] [arguments]

Commands:

    run      compile and run a Go program; --report explains its memory
    build    compile packages; -gcflags=-m prints escape decisions
    escape   where every value of packages lives, why, and what would change it
    version  print versions
    help     help for a command
"""


_OURS = "tricolor: this is a bug of Tricolor, not of your program; please report it with the program"

_HELP_FLAGS: Final = ("-h", "-help", "--help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; gives the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _dispatch(words)
    except CompilerBug as error:
        print(f"tricolor: {error}", file=sys.stderr)
        print(_OURS, file=sys.stderr)
        return error.exit_status
    except TricolorError as error:
        print(f"tricolor: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - whatever it is, it is ours
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
        print(f"tricolor: internal error{place}: {type(error).__name__}: {error}\n{_OURS}", file=sys.stderr)
        return CompilerBug.exit_status


def _dispatch(words: list[str]) -> int:
    if not words:
        print(_USAGE, file=sys.stderr)
        return 2
    command, *rest = words
    if rest and rest[0] in _HELP_FLAGS:
        return _help([command])
    # Each command is imported when it is used: a run of a remembered program must not pay for the compiler.
    if command == "run":
        from tricolor.cli.run import run

        return run(rest)
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
