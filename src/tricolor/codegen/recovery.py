"""Which functions need the panic's token because they recover, or call something that does.

How it works: the panic machinery sets the token only for a deferred closure whose code has the flag RECOVERS. A wrapper made by the
compiler passes the token on, so it has the flag if its callee has it, or if its callee is known only at run time.
"""

from __future__ import annotations

from tricolor.ir.nodes import Assign, Block, Call, CallMethod, ExprStmt, Func, FuncLit, FuncName, Return, Stmt


def recovers(func: Func) -> bool:
    """Whether the function reads the recover token: it has ``recover()``, or is a wrapper of one that may have."""
    return _recovers(func, 0)


_MAX_DEPTH = 8


def _recovers(func: Func, depth: int) -> bool:
    if func.has_recover:
        return True
    if not func.wrapper or func.body is None:
        return False
    return depth >= _MAX_DEPTH or any(_stmt(s, depth) for s in func.body.stmts)


def _stmt(s: Stmt, depth: int) -> bool:
    match s:
        case Block():
            return any(_stmt(inner, depth) for inner in s.stmts)
        case ExprStmt():
            return _call(s.x, depth)
        case Return():
            return any(_call(v, depth) for v in s.values)
        case Assign():
            return _call(s.value, depth)
        case _:
            return False


def _call(e: object, depth: int) -> bool:
    if isinstance(e, CallMethod):
        return True
    if not isinstance(e, Call):
        return False
    if isinstance(e.fun, FuncName | FuncLit):
        return _recovers(e.fun.func, depth + 1)
    return True
