"""Methods of type arguments in shape instances, which call them through the dictionary that their caller passes.

All methods of a generic type share the type's dictionary; a function and a generic method have a dictionary of their own. The first words
of a dictionary are the methods of type parameters that the code names, in order.

Source: cmd/compile/internal/noder/writer.go (writerDict.typeParamMethodExprIdx), reader.go (methodExpr, dictWord).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from tricolor.frontend.program import Program
from tricolor.frontend.records import FuncDecl
from tricolor.gotypes.types import INT, UINTPTR, Pointer, Type, TypeParam, array, pointer
from tricolor.ir import nodes as n
from tricolor.ir.build.function import FuncState
from tricolor.ir.build.state import Node
from tricolor.ir.nodes import Func, Var, VarKind
from tricolor.ir.shapes import DICTIONARY

Word: TypeAlias = tuple[int, str]
"""A type parameter, by its number in the dictionary, and the name of its method."""


def is_type_param(fs: FuncState, node: Node) -> bool:
    """Whether the type of an expression is a type parameter of the generic function, or a pointer to one."""
    return _type_param(fs.b.program, node) is not None


def _type_param(program: Program, node: Node) -> TypeParam | None:
    tv: Any = node[2]
    t = program.type(tv[0] if tv.__class__ is list else tv)
    t = t.elem if isinstance(t, Pointer) else t
    return t if isinstance(t, TypeParam) else None


def unknown_method(fs: FuncState, selector: Node, t: Type, implicit: bool = False) -> n.Expr:
    """The method of a type parameter that a selector names, loaded from the dictionary.

    ``t``: type of the method as a function whose first parameter is the receiver. ``implicit``: the method is not called here."""
    pos = selector[1]
    func = fs.func
    while func.outer is not None:
        func = func.outer
    words = _words(fs, func)
    decl = fs.b.declarations[func]
    index = words[_word(fs.b.program, decl, selector)]
    words_type = array(UINTPTR, len(words))
    dictionary = Var(DICTIONARY, words_type, 0, VarKind.GLOBAL, symbol=f"{func.pkg}.{DICTIONARY}")
    at = n.Index(pos, UINTPTR, n.Name(pos, words_type, dictionary), n.Const(pos, INT, index))
    return n.Convert(pos, t, n.AddrOf(pos, pointer(UINTPTR), at), n.Conversion.NOP, implicit)


def _words(fs: FuncState, func: Func) -> dict[Word, int]:
    found = fs.b.dictionaries.get(func)
    if found is None:
        program = fs.b.program
        found = fs.b.dictionaries[func] = {}
        for decl in _sharing(program, fs.b.declarations[func]):
            for selector in _selectors(program, program.body(decl) if decl.body is not None else []):
                found.setdefault(_word(program, decl, selector), len(found))
    return found


def _sharing(program: Program, decl: FuncDecl) -> list[FuncDecl]:
    """The declarations that share a dictionary, in source order."""
    if decl.receiver is None or decl.type_params:
        return [decl]
    base = program.type_record(decl.receiver.base)[1]
    return [
        other
        for other in program.functions(program.packages[decl.package])
        if other.receiver is not None and not other.type_params and program.type_record(other.receiver.base)[1] == base
    ]


def _word(program: Program, decl: FuncDecl, selector: Node) -> Word:
    param = _type_param(program, selector[3])
    params = program.types.type_params(decl.receiver_type_params + decl.type_params)
    assert param is not None
    return params.index(param), selector[4]


def _selectors(program: Program, node: Any) -> Iterator[Node]:
    """Selectors of methods of type parameters, in the order of Go's compiler."""
    if node.__class__ is not list or not node:
        return
    for child in node:
        yield from _selectors(program, child)
    if node[0] == "SelectorExpr" and node[5] in ("method", "methodexpr") and _type_param(program, node[3]) is not None:
        yield node
