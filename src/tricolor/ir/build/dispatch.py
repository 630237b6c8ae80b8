"""The table of functions that build each kind of node, and the bodies of declared functions."""

from __future__ import annotations

from tricolor.base.errors import CompilerBug, TricolorError
from tricolor.frontend.records import FuncDecl
from tricolor.ir import nodes as n
from tricolor.ir.build import assign, calls, control, exprs, ranges, stmts
from tricolor.ir.build.convert import constant
from tricolor.ir.build.function import Dispatch, FuncState
from tricolor.ir.build.state import Builder, Env
from tricolor.ir.nodes import Func, Var

DISPATCH = Dispatch(
    exprs={
        "Ident": exprs.build_ident,
        "FuncLit": exprs.build_func_lit,
        "CompositeLit": exprs.build_composite,
        "SelectorExpr": exprs.build_selector,
        "IndexExpr": exprs.build_index,
        "Instantiate": exprs.build_instantiate,
        "SliceExpr": exprs.build_slice,
        "TypeAssertExpr": exprs.build_type_assert,
        "CallExpr": calls.build_call,
        "StarExpr": exprs.build_star,
        "UnaryExpr": exprs.build_unary,
        "BinaryExpr": exprs.build_binary,
    },
    stmts={
        "DeclStmt": assign.build_decl,
        "EmptyStmt": stmts.build_empty,
        "LabeledStmt": stmts.build_labeled,
        "ExprStmt": stmts.build_expr_stmt,
        "SendStmt": stmts.build_send,
        "IncDecStmt": assign.build_inc_dec,
        "AssignStmt": assign.build_assign,
        "GoStmt": stmts.build_go,
        "DeferStmt": stmts.build_defer,
        "ReturnStmt": stmts.build_return,
        "BranchStmt": stmts.build_branch,
        "BlockStmt": stmts.build_block,
        "IfStmt": control.build_if,
        "SwitchStmt": control.build_switch,
        "TypeSwitchStmt": control.build_type_switch,
        "SelectStmt": control.build_select,
        "ForStmt": control.build_for,
        "RangeStmt": ranges.build_range,
    },
    const=constant,
)


def per_iteration(go_version: str) -> bool:
    """Whether loop variables are new in each iteration in a file of a Go version ("go1.21")."""
    digits = go_version.removeprefix("go").split(".")
    if len(digits) < 2 or not digits[1].isdigit():
        return True
    return (int(digits[0]), int(digits[1])) >= (1, 22)


def build_declared(b: Builder, func: Func, decl: FuncDecl, env: Env, variables: dict[int, Var]) -> None:
    """Build the body of a declared function. Raises CompilerBug with its symbol if the builder fails."""
    version = per_iteration(b.program.files[decl.file].go_version)
    fs = FuncState(b, DISPATCH, func, None, env, version, {} if env else b.types)
    fs.vars = variables
    guarded(fs, decl.pos, lambda: _fill(fs, decl))


def _fill(fs: FuncState, decl: FuncDecl) -> None:
    fs.func.body = n.Block(decl.open_pos, fs.stmts(fs.b.program.body(decl)))
    exprs.finish_function(fs)


def guarded(fs: FuncState, pos: int, build: object) -> None:
    """Run a step of the build. A Python exception becomes a CompilerBug that names the function."""
    assert callable(build)
    try:
        build()
    except TricolorError:
        raise
    except Exception as error:
        raise CompilerBug(fs.func.symbol, pos, f"{type(error).__name__}: {error}") from error
