"""Decides which calls Go's compiler inlines: calls of functions whose bodies are cheap and contain no statement that forbids inlining.

The cost of a body is about the number of its nodes. A call adds the cost of the callee's body if that will be inlined, else 57.

Source: cmd/compile/internal/inline/inl.go (CanInline, hairyVisitor).

Differs from Go: a few nodes of Go's tree have no counterpart in ours, so costs can be off by a few units. Profiles are not used.
"""

from __future__ import annotations

from typing import Final, final

from tricolor.gotypes import types as t
from tricolor.gotypes.sizes import field_offset
from tricolor.ir import nodes as n
from tricolor.ir.walk import children
from tricolor.passes.temporaries import ORDER, is_temporary

MAX_COST: Final = 80
"""A function with a higher cost is not inlined. A larger limit makes programs larger and faster."""
_SLACK: Final = 40
"""The visitor stops when the sum exceeds the limit by this much. Until then it goes on, since a few nodes have negative costs."""
_CALL: Final = 57
_PARAMETER_CALL: Final = 17
_CLOSURE: Final = 15
_MAX_IN_BIG: Final = 20
_BIG: Final = 5000
_INTRINSIC_PACKAGES: Final = ("internal/runtime/atomic", "internal/runtime/sys", "internal/runtime/math", "math/bits")
_FORBIDDEN_PRAGMAS: Final = frozenset(("noinline", "cgo_unsafe_args", "uintptrkeepalive", "uintptrescapes", "yeswritebarrierrec"))
_CALLER: Final = frozenset(("internal/runtime/sys.GetCallerPC", "internal/runtime/sys.GetCallerSP"))
_CHEAP: Final = (
    "internal/abi.NoEscape", "internal/abi.EscapeNonString[", "runtime.panicrangestate", "encoding/binary.littleEndian.",
    "encoding/binary.bigEndian.", "internal/byteorder.",
)  # fmt: skip


class _TooCostly(Exception):
    """The body costs more than is allowed, or must not be inlined."""


@final
class InlineCosts:
    """Costs of functions, each computed once. ``called``: paths of packages compiled without inlining; no call in them or of their
    functions is inlined."""

    def __init__(self, called: frozenset[str]) -> None:
        self._called = called
        self._costs: dict[n.Func, int | None] = {}
        self._big: dict[n.Func, bool] = {}

    def cost(self, func: n.Func) -> int | None:
        """Cost of the function's body; None if the function cannot be inlined."""
        if func not in self._costs:
            self._costs[func] = None
            self._costs[func] = self._find_cost(func)
        return self._costs[func]

    def replaces(self, caller: n.Func, func: n.Func) -> bool:
        """Whether Go's compiler inlines calls of ``func`` in ``caller``. ``caller`` must not be a closure."""
        if caller.pkg in self._called or func.pkg in self._called or func.outer is not None:
            return False
        # Every package that uses an instance of generic code compiles it, and one of them may be compiled without inlining.
        if caller.wrapper or caller.is_instance or is_intrinsic(func):
            return False
        cost = self.cost(func)
        if cost is None:
            return False
        if cost <= _MAX_IN_BIG:
            return True
        if caller not in self._big:
            self._big[caller] = _has_more_nodes(caller, _BIG)
        return not self._big[caller]

    def _find_cost(self, func: n.Func) -> int | None:
        if func.body is None or func.pragmas & _FORBIDDEN_PRAGMAS or func.has_defer or func.has_recover:
            return None
        body = _Body(self, func)
        try:
            body.visit(func.body)
        except _TooCostly:
            return None
        return body.cost if body.cost <= MAX_COST else None


@final
class _Body:
    def __init__(self, costs: InlineCosts, func: n.Func) -> None:
        self.costs = costs
        self.func = func
        self.cost = 0

    def add(self, cost: int) -> None:
        self.cost += cost

    def visit(self, node: n.Expr | n.Stmt) -> None:
        """Add the cost of a node and all nodes below it."""
        if isinstance(node, n.If) and isinstance(node.cond, n.Const):
            live = node.then if node.cond.value else node.els
            if live is not None:
                self.visit(live)
            return
        self.add(self.own(node))
        if self.cost > MAX_COST + _SLACK:
            raise _TooCostly
        for child in children(node):
            self.visit(child)

    def own(self, node: n.Expr | n.Stmt) -> int:
        """Cost of a node without the nodes below it. Raises _TooCostly if the node forbids inlining."""
        match node:
            case n.Block() | n.ExprStmt() | n.Fallthrough():
                return 0
            case n.Go() | n.Defer():
                raise _TooCostly
            case n.Name():
                return 0 if node.var.name.startswith(ORDER) else 1
            case n.Declare():
                return _declare_cost(node)
            case n.Assign() | n.AssignPair() | n.AssignTuple():
                return _assign_cost(node)
            case n.FuncLit():
                return 1 + _CLOSURE
            case n.MethodValue() | n.SliceLit():
                return 2 + (len(node.elems) if isinstance(node, n.SliceLit) and _is_keyed(node) else 0)
            case n.StructLit():
                return 1 + len(node.fields)
            case n.Call():
                return 1 + self.call(node)
            case n.CallMethod():
                return 2 + _CALL
            case n.FuncName():
                return 0 if _is_method(node.func) else 1
            case n.Convert():
                return 0 if _makes_no_code(node) else 1
            case n.Range():
                return 1 + 2 * len(node.declares) + (node.key is None and node.value is not None)
            case n.TypeSwitch():
                return 3 + sum(case.var is not None for case in node.cases)
            case n.Builtin(op=n.BuiltinOp.PANIC):
                boxed = isinstance(node.args[0], n.Convert) and node.args[0].implicit
                return 1 if boxed else 2
            case n.Builtin(op=n.BuiltinOp.RECOVER):
                raise _TooCostly
            case _:
                return _value_cost(node)

    def call(self, node: n.Call) -> int:
        """Cost of a call in addition to its node."""
        fun = node.fun
        while isinstance(fun, n.Convert) and fun.kind is n.Conversion.NOP:
            fun = fun.x
        if isinstance(fun, n.FuncName):
            return self.static_call(fun.func)
        is_param = isinstance(fun, n.Name) and fun.var.kind in (n.VarKind.PARAM, n.VarKind.CAPTURE)
        return _PARAMETER_CALL if is_param else _CALL

    def static_call(self, callee: n.Func) -> int:
        symbol = callee.symbol
        if symbol in _CALLER:
            raise _TooCostly
        if symbol == "runtime.throw":
            return MAX_COST
        if symbol.startswith(_CHEAP) or is_intrinsic(callee):
            return 0
        cost = self.costs.cost(callee)
        return _CALL if cost is None else cost


def is_intrinsic(func: n.Func) -> bool:
    """Whether the compiler replaces calls of the function by instructions."""
    if func.pkg in _INTRINSIC_PACKAGES:
        return True
    return func.symbol == "runtime.KeepAlive" or (func.body is None and func.pkg in ("sync/atomic", "math"))


def _declare_cost(node: n.Declare) -> int:
    if node.var.name.startswith(ORDER):
        return 0
    return 4


def _assign_cost(node: n.Assign | n.AssignPair | n.AssignTuple) -> int:
    if isinstance(node, n.Assign):
        return 1 + (node.x is None)
    cost = 1 + 2 * len(node.declares) + sum(x is None for x in node.xs)
    if isinstance(node, n.AssignPair) and all(x is None or _is_result(v) for x, v in zip(node.xs, node.values, strict=True)):
        # The temporaries that hold the results of a call cost nothing.
        cost -= 4 * len(node.xs) + 1
    return cost


def _is_result(x: n.Expr) -> bool:
    while isinstance(x, n.Convert):
        x = x.x
    return isinstance(x, n.Name) and is_temporary(x.var)


def _value_cost(node: n.Expr | n.Stmt) -> int:
    match node:
        case n.Concat():
            return 1
        case n.AddrOf(x=(n.FieldOf(x=n.Name()) | n.FieldPtr(x=n.Name())) as selected) if _is_first_field(selected):
            return -1
        case n.Deref():
            inner = node.x
            while isinstance(inner, n.Convert) and inner.kind is n.Conversion.NOP:
                inner = inner.x
            return 0 if isinstance(inner, n.AddrOf) else 1
        case n.SliceExpr():
            return 1 - (isinstance(node.low, n.Const) and node.low.value == 0) - 2 * _is_length(node.high, node.x)
        case _:
            return 1


def _is_length(x: n.Expr | None, of: n.Expr) -> bool:
    match x:
        case n.Builtin(op=n.BuiltinOp.LEN, args=[n.Name(var=var)]):
            return isinstance(of, n.Name) and of.var is var
        case _:
            return False


def _is_first_field(x: n.FieldOf | n.FieldPtr) -> bool:
    of = t.underlying(x.x.type)
    struct = t.underlying(of.elem) if isinstance(of, t.Pointer) else of
    assert isinstance(struct, t.Struct)
    return field_offset(of.elem if isinstance(of, t.Pointer) else of, x.index) == 0


_WORDS: Final = {t.Kind.INT: t.Kind.INT64, t.Kind.UINT: t.Kind.UINT64, t.Kind.UINTPTR: t.Kind.UINT64}


def _makes_no_code(x: n.Convert) -> bool:
    match x.kind:
        case n.Conversion.NOP | n.Conversion.POINTER_TO_UINTPTR | n.Conversion.UINTPTR_TO_POINTER:
            return True
        case n.Conversion.NUMERIC:
            src, dst = t.underlying(x.x.type), t.underlying(x.type)
            assert isinstance(src, t.Basic) and isinstance(dst, t.Basic)
            return _WORDS.get(src.kind, src.kind) is _WORDS.get(dst.kind, dst.kind)
        case _:
            return False


def _is_keyed(node: n.SliceLit) -> bool:
    return any(index != at for at, (index, _) in enumerate(node.elems))


def _is_method(func: n.Func) -> bool:
    return func.name.count(".") > func.pkg.rpartition("/")[2].count(".") + 1


def _has_more_nodes(func: n.Func, limit: int) -> bool:
    todo: list[n.Expr | n.Stmt] = [func.body] if func.body is not None else []
    count = 0
    while todo:
        count += 1
        if count > limit:
            return True
        todo += children(todo.pop())
    return False
