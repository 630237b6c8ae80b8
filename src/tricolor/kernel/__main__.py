"""``python -m tricolor.kernel check|llvm|prelude MODULE...``: see docs/kernel-language.md."""

from __future__ import annotations

import sys

from tricolor.kernel.check import checked_program
from tricolor.kernel.diagnostics import KernelProgramError
from tricolor.kernel.llvm_text import compile_modules, inline_prelude

USAGE = "usage: python -m tricolor.kernel check|llvm|prelude MODULE..."


def main(arguments: list[str]) -> int:
    """Exit status 0, 1 for diagnostics, 2 for a wrong command line."""
    if len(arguments) < 2 or arguments[0] not in {"check", "llvm", "prelude"}:
        print(USAGE, file=sys.stderr)
        return 2
    command, *modules = arguments
    try:
        match command:
            case "check":
                checked_program(modules)
            case "llvm":
                print(compile_modules(modules))
            case _:
                print(inline_prelude(modules))
    except KernelProgramError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
