"""Checks statements: types of locals, places, control flow, assignment before use."""

from __future__ import annotations

import ast
from typing import Final

from tricolor.kernel.assembly import assembly_text
from tricolor.kernel.body import Body, constant_of, is_flexible
from tricolor.kernel.declarations import ensure_layout, scalar_type
from tricolor.kernel.diagnostics import KernelError, fault
from tricolor.kernel.environment import LanguageName
from tricolor.kernel.expressions import (
    OPERATORS,
    apply_operator,
    infer,
    struct_named,
    value_of,
    writable_place,
)
from tricolor.kernel.lifetimes import check_returned, check_stored, note_local
from tricolor.kernel.tree import (
    DECLARED,
    Asm,
    Assign,
    Atomic,
    Break,
    Call,
    CallAddress,
    Check,
    Constant,
    Continue,
    Evaluate,
    Expression,
    ForRange,
    If,
    Intrinsic,
    Kind,
    Load,
    Local,
    Place,
    Return,
    SetThread,
    StackStruct,
    Statement,
    Store,
    Unpack,
    Unreachable,
    Update,
    While,
)
from tricolor.kernel.types import (
    BOOL,
    U64,
    Address,
    ArrayOf,
    Bool,
    Embedded,
    Float,
    Integer,
    Never,
    Pointer,
    Scalar,
    TupleOf,
    Void,
)

CHECK_LEVELS: Final = (1, 2, 3)
DISCARD: Final = "_"


def check_body(body: Body) -> None:
    """Fills in the body and the locals of a function; faults go to the environment."""
    function = body.function
    nodes = function.node.body
    if nodes and isinstance(nodes[0], ast.Expr) and _is_text(nodes[0].value):
        nodes = nodes[1:]
    try:
        if function.kind in DECLARED:
            _check_declaration(body, nodes)
            return
        if function.kind is Kind.NAKED:
            function.body = (_naked(body, nodes),)
            return
        function.locals.update(function.parameters)
        before = len(body.environment.diagnostics)
        function.body = _block(body, nodes)
        # A faulty statement may have held the missing return.
        is_sound = len(body.environment.diagnostics) == before
        if is_sound and body.assigned is not None and not isinstance(function.result, Void):
            what = "comes back" if isinstance(function.result, Never) else "may end without a value"
            raise fault("K014", function.position, f"{function.name} {what}", "return, or unreachable(...)")
    except KernelError as error:
        body.environment.report(error)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _check_declaration(body: Body, nodes: list[ast.stmt]) -> None:
    if [type(each) for each in nodes] in ([], [ast.Pass]):
        return
    ellipsis = len(nodes) == 1 and isinstance(nodes[0], ast.Expr) and isinstance(nodes[0].value, ast.Constant)
    if not ellipsis:
        message = f"a @{body.function.kind.value} function is only declared"
        raise fault("K004", body.position(nodes[0]), message, "its body is ...")


def _naked(body: Body, nodes: list[ast.stmt]) -> Statement:
    match nodes:
        case [ast.Expr(value=ast.Call(func=ast.Name() as name, args=[text])) as node] if body.entity(name) == LanguageName("asm"):
            return Asm(assembly_text(body, text), body.position(node))
        case _:
            message = 'the body of a @naked function is asm("""...""")'
            raise fault("K004", body.function.position, message)


def _block(body: Body, nodes: list[ast.stmt]) -> tuple[Statement, ...]:
    statements: list[Statement] = []
    for node in nodes:
        try:
            statements.extend(_statement(body, node))
        except KernelError as error:
            body.environment.report(error)
            _poison(body, node)
    return tuple(statements)


def _poison(body: Body, node: ast.stmt) -> None:
    """Treats the locals that a faulty statement would have set as assigned, so that they cause no further diagnostics."""
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            if each.id not in body.function.locals:
                body.poisoned.add(each.id)
            if body.assigned is not None:
                body.assigned.add(each.id)


def _statement(body: Body, node: ast.stmt) -> list[Statement]:
    position = body.position(node)
    match node:
        case ast.Assign(targets=[target], value=value):
            return [_assignment(body, node, target, value)]
        case ast.AnnAssign():
            return _annotated(body, node)
        case ast.AugAssign():
            return [_augmented(body, node)]
        case ast.If():
            return [_if(body, node)]
        case ast.While():
            return [_while(body, node)]
        case ast.For():
            return [_for(body, node)]
        case ast.Break() | ast.Continue():
            return [_jump(body, node)]
        case ast.Return():
            return [_return(body, node)]
        case ast.Pass():
            return []
        case ast.Expr(value=value):
            return _expression_statement(body, node, value)
        case ast.Assert():
            raise fault("K004", position, "assert", 'write check(level, condition, "text")')
        case _:
            raise fault("K004", position, type(node).__name__, "see docs/kernel-language.md")


# --- Assignments ----------------------------------------------------------------------------------


def _scalar(expression: Expression, node: ast.expr, body: Body) -> Scalar:
    what = expression.type
    if isinstance(what, Integer | Float | Bool | Address | Pointer):
        return what
    raise fault("K007", body.position(node), f"{ast.unparse(node)} has no value", f"its type is {what}")


def _set_local(body: Body, name: str, what: Scalar, node: ast.AST) -> None:
    if name in body.function.stack_structs:
        raise fault("K023", body.position(node), f"{name} is a struct in the frame", "use another local for another pointer")
    known = body.function.locals.get(name)
    if known is not None and known != what:
        message = f"{name} is {known}, and would become {what}"
        raise fault("K015", body.position(node), message, "a local has one type in the whole function")
    body.function.locals[name] = what
    body.poisoned.discard(name)
    if body.assigned is not None:
        body.assigned.add(name)


def _assignment(body: Body, node: ast.stmt, target: ast.expr, value: ast.expr) -> Statement:
    position = body.position(node)
    match target:
        case ast.Name(id=name) if isinstance(value, ast.Call) and _is_language_call(body, value, "stack_struct"):
            return _stack_struct(body, node, name, value)
        case ast.Name(id=name):
            known = body.function.locals.get(name)
            expression = infer(body, value, None) if known is None else value_of(body, value, known)
            _set_local(body, name, _scalar(expression, value, body), node)
            note_local(body, name, expression)
            return Assign(name, expression, position)
        case ast.Tuple(elts=elements):
            return _unpack(body, node, elements, value)
        case ast.Attribute() | ast.Subscript():
            place = writable_place(body, target)
            expression = value_of(body, value, _stored_scalar(body, place, target))
            check_stored(body, node, place, expression)
            return Store(place, expression, position)
        case _:
            raise fault("K023", position, f"{ast.unparse(target)} cannot be assigned")


def _is_language_call(body: Body, node: ast.Call, name: str) -> bool:
    return isinstance(node.func, ast.Name) and body.entity(node.func) == LanguageName(name)


def _stack_struct(body: Body, node: ast.stmt, name: str, value: ast.Call) -> Statement:
    position = body.position(node)
    if body.function.kind is Kind.INLINE:
        message = "a struct in the frame of an @inline function"
        raise fault("K012", position, message, "each caller's frame would grow, compiled Go code's too")
    if len(value.args) != 1 or value.keywords:
        raise fault("K011", position, "stack_struct takes one struct")
    if any(name == parameter for parameter, _ in body.function.parameters):
        raise fault("K023", position, f"{name} is a parameter", "use a local of its own")
    what = struct_named(body, value.args[0])
    ensure_layout(body.environment, what.struct, position)
    _set_local(body, name, what, node)
    body.function.stack_structs[name] = what.struct
    body.frame_pointers.add(name)
    return StackStruct(name, what.struct, position)


def _annotated(body: Body, node: ast.AnnAssign) -> list[Statement]:
    if not isinstance(node.target, ast.Name):
        raise fault("K023", body.position(node), "annotation of something that is no local")
    what = scalar_type(body.environment, body.module, node.annotation)
    name = node.target.id
    known = body.function.locals.get(name)
    if known is not None and known != what:
        raise fault("K015", body.position(node), f"{name} is {known}, and would become {what}")
    body.function.locals[name] = what
    if node.value is None:
        return []
    expression = value_of(body, node.value, what)
    _set_local(body, name, what, node)
    note_local(body, name, expression)
    return [Assign(name, expression, body.position(node))]


def _unpack(body: Body, node: ast.stmt, elements: list[ast.expr], value: ast.expr) -> Statement:
    if not isinstance(value, ast.Call):
        raise fault("K004", body.position(node), "several assignments at once", "only `a, b = f()` unpacks")
    call = infer(body, value, None)
    if not isinstance(call.type, TupleOf) or len(call.type.items) != len(elements):
        raise fault("K007", body.position(node), f"{call.type} unpacked into {len(elements)} names")
    names: list[str] = []
    for element, what in zip(elements, call.type.items, strict=True):
        if not isinstance(element, ast.Name):
            raise fault("K023", body.position(element), f"unpacking into {ast.unparse(element)}", "into locals only")
        if element.id != DISCARD:
            _set_local(body, element.id, what, element)
        names.append(element.id)
    return Unpack(tuple(names), call, body.position(node))


def _augmented(body: Body, node: ast.AugAssign) -> Statement:
    position = body.position(node)
    operator = OPERATORS.get(type(node.op))
    if operator is None:
        raise fault("K004", position, f"operator in {ast.unparse(node)}")
    if isinstance(node.target, ast.Name):
        name = node.target.id
        current = infer(body, ast.copy_location(ast.Name(name, ast.Load()), node.target), None)
        if not isinstance(current, Local):
            raise fault("K023", position, f"{name} cannot be assigned")
        value = apply_operator(body, node, operator, current, node.value)
        _set_local(body, name, _scalar(value, node.value, body), node)
        note_local(body, name, value)
        return Assign(name, value, position)
    place = writable_place(body, node.target)
    what = _stored_scalar(body, place, node.target)
    combined = apply_operator(body, node, operator, Load(what, place), node.value)
    if combined.type != what:
        raise fault("K007", position, f"{what} {operator}= gives {combined.type}")
    right: Expression = getattr(combined, "right")  # noqa: B009
    check_stored(body, node, place, right)
    return Update(place, operator, right, position)


def _stored_scalar(body: Body, place: Place, node: ast.expr) -> Scalar:
    what = place.type
    if isinstance(what, Embedded | ArrayOf):
        advice = "assign its fields, or memory_copy(...)"
        raise fault("K023", body.position(node), f"{ast.unparse(node)} is {what}", advice)
    return what


# --- Control flow ---------------------------------------------------------------------------------


def _join(left: set[str] | None, right: set[str] | None) -> set[str] | None:
    if left is None or right is None:
        return right if left is None else left
    return left & right


def _copy(assigned: set[str] | None) -> set[str] | None:
    return None if assigned is None else set(assigned)


def _if(body: Body, node: ast.If) -> Statement:
    condition = value_of(body, node.test, BOOL)
    before = _copy(body.assigned)
    yes = _block(body, node.body)
    after_yes, body.assigned = body.assigned, before
    no = _block(body, node.orelse)
    body.assigned = _join(after_yes, body.assigned)
    return If(condition, yes, no, body.position(node))


def _loop_body(body: Body, nodes: list[ast.stmt], orelse: list[ast.stmt]) -> tuple[tuple[Statement, ...], list[set[str]]]:
    if orelse:
        raise fault("K004", body.position(orelse[0]), "else of a loop", "use a flag")
    body.breaks.append([])
    try:
        return _block(body, nodes), body.breaks[-1]
    finally:
        body.breaks.pop()


def _while(body: Body, node: ast.While) -> Statement:
    condition = value_of(body, node.test, BOOL)
    before = _copy(body.assigned)
    statements, breaks = _loop_body(body, node.body, node.orelse)
    if isinstance(condition, Constant) and condition.value:
        body.assigned = None
        for each in breaks:
            body.assigned = _join(body.assigned, each)
    else:
        body.assigned = before
    return While(condition, statements, body.position(node))


def _for(body: Body, node: ast.For) -> Statement:
    position = body.position(node)
    match node.target, node.iter:
        case ast.Name(id=name), ast.Call(func=ast.Name(id="range"), args=[_, *_] as bounds, keywords=[]):
            pass
        case _:
            raise fault("K004", position, "for loops run over range(...)", "use while for anything else")
    step = 1
    if len(bounds) == 3:
        constant = constant_of(body, bounds[2])
        if constant is None or not isinstance(constant.value, int) or constant.value == 0:
            raise fault("K017", body.position(bounds[2]), "the step of a range is a constant other than 0")
        step = int(constant.value)
    elif len(bounds) > 3:
        raise fault("K011", position, "range takes 1 to 3 arguments")
    start_node = bounds[0] if len(bounds) > 1 else ast.copy_location(ast.Constant(0), node.iter)
    stop_node = bounds[1] if len(bounds) > 1 else bounds[0]
    what = body.function.locals.get(name) or _range_type(body, start_node, stop_node)
    if not isinstance(what, Integer):
        raise fault("K007", position, f"a range of {what}", "integers only")
    start, stop = value_of(body, start_node, what), value_of(body, stop_node, what)
    before = _copy(body.assigned)
    _set_local(body, name, what, node.target)
    statements, _ = _loop_body(body, node.body, node.orelse)
    body.assigned = before
    return ForRange(name, what, start, stop, step, statements, position)


def _range_type(body: Body, start: ast.expr, stop: ast.expr) -> Scalar:
    for bound in (stop, start):
        if not is_flexible(body, bound):
            return _scalar(infer(body, bound, None), bound, body)
    return U64


def _jump(body: Body, node: ast.Break | ast.Continue) -> Statement:
    position = body.position(node)
    if not body.breaks:
        raise fault("K024", position, f"{type(node).__name__.lower()} outside a loop")
    if isinstance(node, ast.Continue):
        body.assigned = None
        return Continue(position)
    if body.assigned is not None:
        body.breaks[-1].append(set(body.assigned))
    body.assigned = None
    return Break(position)


def _return(body: Body, node: ast.Return) -> Statement:
    position = body.position(node)
    result = body.function.result
    values: tuple[Expression, ...]
    match result, node.value:
        case Void(), None:
            values = ()
        case Never(), _:
            raise fault("K007", position, f"{body.function.name} is declared NoReturn")
        case Void(), _:
            raise fault("K007", position, f"{body.function.name} has no result")
        case _, None:
            raise fault("K007", position, f"{body.function.name} returns {result}")
        case TupleOf(items=items), ast.Tuple(elts=elements):
            if len(items) != len(elements):
                raise fault("K007", position, f"{len(elements)} values returned as {result}")
            values = tuple(value_of(body, each, what) for each, what in zip(elements, items, strict=True))
        case TupleOf(), value:
            whole = infer(body, value, None)
            if whole.type != result:
                raise fault("K007", position, f"expected {result}, found {whole.type}")
            values = (whole,)
        case Integer() | Float() | Bool() | Address() | Pointer() as scalar, value:
            values = (value_of(body, value, scalar),)
    check_returned(body, node, values)
    body.assigned = None
    return Return(values, position)


def _expression_statement(body: Body, node: ast.Expr, value: ast.expr) -> list[Statement]:
    position = body.position(node)
    if _is_text(value):
        return []
    if not isinstance(value, ast.Call):
        raise fault("K004", position, f"{ast.unparse(value)} has no effect", "assign it, or leave it out")
    entity = body.entity(value.func) if isinstance(value.func, ast.Name) else None
    if isinstance(entity, LanguageName) and entity.name in {"check", "unreachable", "asm"}:
        return [_check_statement(body, value, entity.name)]
    expression = infer(body, value, None)
    if not isinstance(expression, Call | CallAddress | Intrinsic | Atomic | SetThread):
        raise fault("K004", position, f"{ast.unparse(value)} has no effect", "assign it, or leave it out")
    if isinstance(expression.type, Never):
        body.assigned = None
    return [Evaluate(expression, position)]


def _check_statement(body: Body, node: ast.Call, name: str) -> Statement:
    position = body.position(node)
    if name == "check" and len(node.args) == 3:
        level = constant_of(body, node.args[0])
        if level is None or level.value not in CHECK_LEVELS:
            raise fault("K017", position, "the level of a check is a constant from 1 to 3")
        return Check(level.value, value_of(body, node.args[1], BOOL), _text(body, node.args[2]), position)
    if name == "unreachable" and len(node.args) == 1:
        text = _text(body, node.args[0])
        body.assigned = None
        return Unreachable(text, position)
    advice = "asm is only for @naked functions" if name == "asm" else 'check(level, condition, "text")'
    raise fault("K011", position, f"{ast.unparse(node)}: wrong arguments", advice)


def _text(body: Body, node: ast.expr) -> bytes:
    constant = constant_of(body, node)
    if constant is None or not isinstance(constant.value, str):
        raise fault("K017", body.position(node), "the text is a string constant")
    return constant.value.encode()
