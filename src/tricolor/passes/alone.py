"""Brings the IR of separately built packages into the state in which Go's compiler analyses escapes."""

from __future__ import annotations

from collections.abc import Iterable

from tricolor.gotypes.types import signature
from tricolor.ir import nodes as n
from tricolor.ir.verify import verify_funcs
from tricolor.ir.walk import with_closures
from tricolor.passes.dead_locals import remove_dead_locals
from tricolor.passes.devirtualize import KnownReceiver, devirtualize
from tricolor.passes.inline_cost import InlineCosts
from tricolor.passes.source_order import in_source_order
from tricolor.passes.static_values import outlined_maps, without_static_values
from tricolor.passes.temporaries import name_temporaries

_FIPS = "crypto/internal/fips140"


def as_compiled(program: n.Program, costs: InlineCosts | None = None, *, check: bool = False) -> list[KnownReceiver]:
    """Run the passes that Go's compiler runs before escape analysis, and return the interface calls whose receivers have known types.

    ``program``: from ``build_packages(separate=True)``. ``costs``: decides which calls to inline; None inlines no call.
    ``check``: verify the functions after each pass; raises CompilerBug."""
    verify = verify_funcs if check else _trust
    inits = {func.pkg: func for func in program.init_tasks if func.symbol == f"{func.pkg}.init"}
    _execute_in_fips(program, inits)
    for path, init in inits.items():
        if not is_fips(path):
            without_static_values(init)
        program.funcs += outlined_maps(init)
        verify([init])
    receivers: list[KnownReceiver] = []
    done = 0
    while done < len(program.funcs):
        # A devirtualized call may add a method that no code needed before: process added functions too.
        funcs = program.funcs[done:]
        done = len(program.funcs)
        # The functions for equality and hashing of types (.eq.T, .hash.T) already have the compiler's form.
        outermost = [func for func in funcs if func.outer is None and not func.name.startswith(".")]
        for func in outermost:
            name_temporaries(func)
        verify(funcs)
        for func in outermost:
            for member in with_closures(func):
                in_source_order(member)
        verify(funcs)
        receivers += devirtualize(program, funcs, costs)
        verify(funcs)
        for func in outermost:
            remove_dead_locals(func)
        verify(funcs)
    return receivers


def _trust(funcs: Iterable[n.Func]) -> None:
    """Verify nothing."""


def is_fips(path: str) -> bool:
    """Whether a package belongs to the FIPS module. The data of that module must contain no addresses, so only constants are static."""
    return path == _FIPS or path.startswith(_FIPS + "/")


def _execute_in_fips(program: n.Program, inits: dict[str, n.Func]) -> None:
    for var, value in program.static_init.items():
        path = var.symbol[: -len(var.name) - 1]
        if not is_fips(path) or isinstance(value, (n.Const, n.Nil, n.Zero)):
            continue
        init = inits.get(path)
        if init is None:
            init = inits[path] = n.Func(f"{path}.init", f"{path}.init", path, signature((), ()), 0, body=n.Block(0, []))
            program.funcs.append(init)
        assert init.body is not None
        init.body.stmts.append(n.Assign(var.pos, n.Name(var.pos, var.type, var), value))
