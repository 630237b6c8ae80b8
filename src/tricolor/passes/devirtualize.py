"""Devirtualization: a call of an interface method becomes a direct call if all values that the interface can hold have one type.

    m := M(&T{})
    m.M()           ->      m.(*T).M()

How it works: the pass collects all values that a function and its closures assign to an interface variable. It follows a value through
conversions between interfaces, assertions to interfaces, other variables, and the results of calls that will be inlined
(``passes.inline_cost``). It does not follow values from ranges, channels and maps, or through pointers. nil does not count, since a call
panics with nil before and after the change (``TypeAssert.nil_fault``).

Terms:
    *promoted*   a method of an embedded field. If the field is an interface, the call becomes a call of the field's method (PARTIAL).
    *shape*      a type for which generic code is compiled (``ir.shapes``). A call that needs a dictionary stays as it is.

Invariants:
    1. The pass MUST know all assignments to a variable that it trusts. Otherwise the assertion would panic in a correct program. So it
       never trusts parameters, results, and variables whose address is taken. Checked by _Values.of_variable().

Source: cmd/compile/internal/devirtualize/devirtualize.go (StaticCall, concreteType).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeAlias, final

from tricolor.gotypes import types as t
from tricolor.gotypes.lookup import InterfaceSelection, MethodSelection, implements, lookup
from tricolor.ir import nodes as n
from tricolor.ir.build.methods import is_pointer, walk_path
from tricolor.ir.nodes import result_type
from tricolor.ir.shapes import has_shape, is_shape
from tricolor.ir.walk import edit_children, walk
from tricolor.passes.inline_cost import InlineCosts

_Value: TypeAlias = tuple[n.Expr, n.Func] | None
"""An assigned expression and the function that contains it; None for an unknown value."""
_NOTHING: Final[frozenset[t.Type]] = frozenset()


class Outcome(Enum):
    """What the pass does with a call whose receiver has a known type; the values are the compiler's words."""

    DIRECT = "devirtualizing"
    PARTIAL = "partially devirtualizing"
    SHAPED_RECEIVER = "shaped receiver"
    SHAPED_INTERFACE = "shaped interface"


@final
@dataclass(frozen=True, slots=True)
class KnownReceiver:
    """A call in ``func`` through an interface that always holds a ``target``. ``call``: the call before the change."""

    func: n.Func
    call: n.CallMethod
    target: t.Type
    outcome: Outcome


def devirtualize(program: n.Program, funcs: Sequence[n.Func], costs: InlineCosts | None = None) -> list[KnownReceiver]:
    """Devirtualize calls in the functions, and return all calls with known receiver types, function by function, inner calls first.

    ``costs``: decides which calls will be inlined, so that the pass can follow their results."""
    values = _Values(costs)
    found: list[KnownReceiver] = []
    for func in funcs:
        if func.calls_interfaces:
            found += _in_function(program, func, values)
    return found


def _in_function(program: n.Program, func: n.Func, values: _Values) -> list[KnownReceiver]:
    known: list[KnownReceiver] = []

    def change(node: Any) -> Any:
        edit_children(node, change)
        if not isinstance(node, n.CallMethod):
            return node
        receiver = _known_receiver(func, node, values)
        if receiver is None:
            return node
        known.append(receiver)
        return _direct(program, receiver)

    if any(isinstance(node, n.CallMethod) and _known_receiver(func, node, values) for node in walk(func)):
        edit_children(func, change)
    return known


def _known_receiver(func: n.Func, call: n.CallMethod, values: _Values) -> KnownReceiver | None:
    held = values.of(call.x, func, set())
    if held is None or len(held) != 1:
        return None
    (target,) = held
    iface = t.underlying(call.x.type)
    assert isinstance(iface, t.Interface)
    if is_shape(target) or not _implements(target, iface):
        return None
    if has_shape(target):
        outcome = Outcome.SHAPED_RECEIVER
    elif has_shape(call.x.type):
        outcome = Outcome.SHAPED_INTERFACE
    else:
        hit = lookup(target, *_method_name(call))
        outcome = Outcome.PARTIAL if isinstance(hit, InterfaceSelection) else Outcome.DIRECT
    return KnownReceiver(func, call, target, outcome)


def _implements(target: t.Type, iface: t.Interface) -> bool:
    """Whether the type has the interface's methods. Methods of shape instances do not count, since they take a dictionary."""
    if not implements(target, iface):
        return False
    hits = (lookup(target, method.name, method.pkg) for method in iface.methods) if has_shape(target) else ()
    return not any(isinstance(hit, MethodSelection) and has_shape(hit.recv) for hit in hits)


def _method_name(call: n.CallMethod) -> tuple[str, str]:
    iface = t.underlying(call.x.type)
    assert isinstance(iface, t.Interface)
    method = iface.methods[call.method]
    return method.name, method.pkg


# --- what interfaces hold --------------------------------------------------------------------------------------------


@final
@dataclass(slots=True, eq=False)
class _Values:
    """Finds the types that expressions may have at run time.

    ``assigned``: for each function seen so far, all assignments to interface variables in it and its closures. ``open``: functions whose
    results are being followed."""

    costs: InlineCosts | None = None
    open: set[n.Func] = field(default_factory=set[n.Func])
    assigned: dict[n.Func, dict[n.Var, list[_Value]]] = field(default_factory=dict[n.Func, dict[n.Var, list[_Value]]])

    def of(self, x: n.Expr, func: n.Func, seen: set[n.Var]) -> frozenset[t.Type] | None:
        """Types that the expression may have at run time; None if they are unknown. ``seen``: variables already followed."""
        while t.is_interface(x.type):
            match x:
                case n.Convert():
                    x = x.x
                case n.TypeAssert() if not has_shape(x.target):
                    x = x.x
                case n.Name():
                    return self.of_variable(x.var, func, seen)
                case n.Call(fun=n.FuncName(func=callee)) if self.costs is not None and self.costs.replaces(_outermost(func), callee):
                    return self.of_result(callee, seen)
                case _:
                    return None
        return frozenset((x.type,))

    def of_result(self, func: n.Func, seen: set[n.Var]) -> frozenset[t.Type] | None:
        """Types that the single result of a function may have; None if they are unknown."""
        if func in self.open:
            return None
        self.open.add(func)
        held: frozenset[t.Type] | None = _NOTHING
        for node in walk(func):
            if isinstance(node, n.Return) and held is not None:
                value = node.values[0] if len(node.values) == 1 else None
                more = None if value is None else _NOTHING if isinstance(value, n.Nil) else self.of(value, func, seen)
                held = None if more is None else held | more
        self.open.discard(func)
        return held

    def of_variable(self, var: n.Var, func: n.Func, seen: set[n.Var]) -> frozenset[t.Type] | None:
        """Types that a variable named in ``func`` may have; empty if it is always nil, None if they are unknown."""
        while var.kind is n.VarKind.CAPTURE and func.outer is not None:
            var = next(capture.outer for capture in func.captures if capture.inner is var)
            func = func.outer
        if var.kind is not n.VarKind.LOCAL or var.addrtaken:
            return None
        if var in seen:
            return _NOTHING
        seen.add(var)
        held = _NOTHING
        for value in self._assigned_in(func).get(var, ()):
            more = None if value is None else self.of(*value, seen)
            if more is None:
                return None
            held |= more
        return held

    def _assigned_in(self, func: n.Func) -> dict[n.Var, list[_Value]]:
        found = self.assigned.get(func)
        if found is None:
            found = self.assigned[func] = {}
            for var, value in _assignments(func, {}):
                found.setdefault(var, []).append(value)
        return found


def _assignments(func: n.Func, outer: dict[n.Var, n.Var]) -> Iterator[tuple[n.Var, _Value]]:
    """Assignments to variables of interface type in the function and its closures, nil left out.

    ``outer``: maps captured variables to the outer variables that they stand for."""
    for node in walk(func):
        for place, value in _assigned_by(node):
            var = place.var if isinstance(place, n.Name) else place
            if isinstance(var, n.Var) and t.is_interface(var.type) and not isinstance(value, n.Nil):
                yield outer.get(var, var), None if value is None else (value, func)
    for closure in func.closures:
        inner = {capture.inner: outer.get(capture.outer, capture.outer) for capture in closure.captures}
        yield from _assignments(closure, inner)


def _assigned_by(node: Any) -> Iterator[tuple[n.Place | n.Var | None, n.Expr | None]]:
    """Places that a statement or clause assigns to, with their values; the value is None if the pass does not follow it."""
    match node:
        case n.Declare(init=init) if init is not None:
            yield node.var, init
        case n.Assign():
            yield node.x, node.value
        case n.AssignPair():
            yield from zip(node.xs, node.values, strict=True)
        case n.AssignTuple(value=n.TypeAssert(target=target, x=asserted)) if not has_shape(target):
            yield node.xs[0], asserted
        case n.AssignTuple():
            yield from ((place, None) for place in node.xs)
        case n.Range():
            yield from ((place, None) for place in (node.key, node.value))
        case n.SelectCase():
            yield node.recv_var, None
        case n.TypeSwitch():
            yield from ((case.var, node.x) for case in node.cases)
        case _:
            pass


def _outermost(func: n.Func) -> n.Func:
    while func.outer is not None:
        func = func.outer
    return func


# --- direct calls ----------------------------------------------------------------------------------------------------


def _direct(program: n.Program, known: KnownReceiver) -> n.Expr:
    call, target = known.call, known.target
    if known.outcome not in (Outcome.DIRECT, Outcome.PARTIAL):
        return call
    asserted = n.TypeAssert(call.pos, target, call.x, target, nil_fault=True)
    hit = lookup(target, *_method_name(call))
    assert isinstance(hit, (MethodSelection, InterfaceSelection))
    x = walk_path(asserted, hit.path, call.selector)
    if isinstance(hit, InterfaceSelection):
        return n.CallMethod(call.pos, call.type, x, hit.index, call.args, call.selector)
    func = _method(program, hit)
    if func is None:
        return call
    recv = _receiver(x, func.signature.params[0], call.selector)
    return n.Call(call.pos, result_type(func.signature), n.FuncName(call.selector, func.signature, func), [recv, *call.args])


def _method(program: n.Program, hit: MethodSelection) -> n.Func | None:
    """The function of a method; None if it cannot be built.

    ``program.methods`` has it if the type is converted to an interface and the method is called through one. Imported packages are not
    searched for such conversions and calls, so the method may have to be built now."""
    declared = t.pointer(hit.recv) if hit.decl.pointer_receiver else hit.recv
    for ref in program.methods.get(declared, ()):
        if ref.name == hit.decl.name and ref.pkg == hit.decl.pkg:
            return ref.func
    return program.build_method(hit.recv, hit.decl)


def _receiver(x: n.Expr, declared: t.Type, pos: int) -> n.Expr:
    """``x`` as the receiver argument of a method whose receiver has the type ``declared``: ``x``, ``&x`` or ``*x``."""
    if is_pointer(declared) and not is_pointer(x.type):
        return n.AddrOf(pos, declared, x, implicit=True)
    if is_pointer(x.type) and not is_pointer(declared):
        return n.Deref(pos, declared, x, implicit=True)
    return x
