"""Decides which initial values are laid out at compile time, and which initialisers may be left out.

Terms:
    *static*  an IR expression whose value the linker knows: constants, addresses of globals, functions, and literals of these.
    *pure*    source without effects: if its result is unused, leaving out its evaluation changes nothing.
"""

from __future__ import annotations

from tricolor.frontend.program import Program
from tricolor.frontend.records import ObjectKind
from tricolor.gotypes.sizes import is_laid_out
from tricolor.gotypes.types import Array, Slice, is_interface, underlying
from tricolor.ir import nodes as n
from tricolor.ir.build.state import Node
from tricolor.ir.nodes import Conversion, VarKind

_PURE_BUILTINS = frozenset(
    [
        "len",
        "cap",
        "real",
        "imag",
        "complex",
        "min",
        "max",
        "new",
        "make",
        "append",
        "Sizeof",
        "Alignof",
        "Offsetof",
        "Add",
        "Slice",
        "SliceData",
        "String",
        "StringData",
    ]
)
_PURE_FUNCTIONS = frozenset(("errors.New", "fmt.Errorf", "fmt.Sprintf", "os.NewFile", "regexp.MustCompile"))


def is_static(x: n.Expr) -> bool:
    """Whether the value can be laid out at compile time."""
    match x:
        case n.Const() | n.Nil() | n.Zero() | n.FuncName():
            return True
        case n.FuncLit():
            return not x.func.captures
        case n.StructLit():
            return all(is_static(v) for _, v in x.fields)
        case n.ArrayLit() | n.SliceLit():
            return _fits(x) and all(is_static(v) for _, v in x.elems)
        case n.AddrOf():
            return _static_place(x.x) or (isinstance(x.x, (n.StructLit, n.ArrayLit, n.SliceLit)) and is_static(x.x))
        case n.Convert():
            if x.kind is Conversion.TO_INTERFACE:
                return is_static(x.x)
            return x.kind is Conversion.NOP and not is_interface(x.type) and is_static(x.x)
        case _:
            return False


def _fits(x: n.ArrayLit | n.SliceLit) -> bool:
    t = underlying(x.type)
    assert isinstance(t, (Array, Slice))
    length = x.length if isinstance(x, n.SliceLit) else t.length if isinstance(t, Array) else 0
    return is_laid_out(t.elem, length, len(x.elems))


def _static_place(x: n.Expr) -> bool:
    match x:
        case n.Name():
            return x.var.kind is VarKind.GLOBAL
        case n.FieldOf():
            return _static_place(x.x)
        case _:
            return False


def is_pure(program: Program, node: Node | None) -> bool:
    """Whether evaluating an expression of the typed program has no effect and cannot panic."""
    if node is None or type(node[2]) is list:
        return True
    match node[0]:
        case "Ident" | "FuncLit" | "Type" | "Instantiate" | "BasicLit":
            return True
        case "CompositeLit":
            return all(_is_pure_element(program, e) for e in node[3])
        case "SelectorExpr":
            return node[3] is None or node[5] == "methodexpr" or (node[5] == "field" and not node[8] and is_pure(program, node[3]))
        case "UnaryExpr":
            return node[3] != "<-" and is_pure(program, node[4])
        case "BinaryExpr":
            return node[3] not in ("/", "%", "<<", ">>", "==", "!=") and all(is_pure(program, e) for e in node[4:6])
        case "CallExpr":
            return _is_pure_call(program, node)
        case _:
            return False


def _is_pure_element(program: Program, node: Node) -> bool:
    if node[0] == "KeyValueExpr":
        return (node[3][0] == "Field" or is_pure(program, node[3])) and is_pure(program, node[4])
    return is_pure(program, node)


def _is_pure_call(program: Program, node: Node) -> bool:
    if not all(is_pure(program, arg) for arg in node[5]):
        return False
    if node[3] == "conversion":
        return True
    if node[3] == "builtin":
        return node[4] in _PURE_BUILTINS
    fun = node[4]
    if fun[0] == "SelectorExpr" and fun[5] == "pkg":
        obj = program.object(fun[6])
        package = program.package_of(obj)
        return obj.kind is ObjectKind.FUNC and package is not None and f"{package.path}.{obj.name}" in _PURE_FUNCTIONS
    return False
