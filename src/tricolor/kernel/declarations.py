"""Turns module-level definitions into constants, structs, globals and function signatures."""

from __future__ import annotations

import ast
from typing import Final

from tricolor.kernel.constants import fold
from tricolor.kernel.diagnostics import KernelError, Position, fault
from tricolor.kernel.environment import (
    BUILTIN_NAMES,
    ConstantName,
    Entity,
    Environment,
    LanguageName,
    Module,
    PlainObject,
    TypeName,
    constant_entity,
    lookup_import,
)
from tricolor.kernel.tree import DECLARED, Function, Global, Kind
from tricolor.kernel.types import (
    BOOL,
    INTEGERS,
    NEVER,
    SCALARS,
    VOID,
    ArrayOf,
    Bool,
    Embedded,
    Float,
    Integer,
    Pointer,
    ResultType,
    Scalar,
    StoredType,
    StructType,
    TupleOf,
    lay_out,
    size_bytes,
)

MAXIMUM_RESULTS: Final = 3
# The thunk of a @systemstack function passes at most this many integer words, all in registers.
MAXIMUM_REGISTER_WORDS: Final = 6
STORAGE_NAMES: Final = frozenset({"const_table", "global_struct", "global_array", "global_value", "extern_global", "thread_struct"})
SYMBOL_KINDS: Final = frozenset({Kind.SYSTEMSTACK, Kind.GOROUTINE, Kind.EXPORT, Kind.NAKED, Kind.GO_FUNCTION})


def lookup(environment: Environment, module: Module, name: str, position: Position) -> Entity:
    """The entity of a module-level name. Raises KernelError (K003) if there is none."""
    found = module.entities.get(name)
    if found is not None:
        return found
    if name in module.failed:
        raise KernelError(None)
    if name in module.in_progress:
        raise fault("K017", position, f"{name} is defined by itself")
    module.in_progress.add(name)
    try:
        entity = _resolve(environment, module, name, position)
    except KernelError:
        module.failed.add(name)
        raise
    finally:
        module.in_progress.discard(name)
    module.entities[name] = entity
    return entity


def _resolve(environment: Environment, module: Module, name: str, position: Position) -> Entity:
    definition = module.definitions.get(name)
    if isinstance(definition, ast.FunctionDef):
        return _function(environment, module, definition)
    if isinstance(definition, ast.Assign | ast.AnnAssign):
        assert definition.value is not None
        return _storage_or_constant(environment, module, name, definition.value)
    imported = lookup_import(environment, module, name)
    if isinstance(imported, tuple):
        target, original = imported
        return lookup(environment, target, original, module.imports[name][2])
    if imported is not None:
        return imported
    if name == "bool":
        return TypeName(BOOL)
    if name in BUILTIN_NAMES:
        return LanguageName(name)
    raise fault("K003", position, f"unknown name {name}", "import it, or define it in this module")


# --- Constants ------------------------------------------------------------------------------------


def constant_value(environment: Environment, module: Module, node: ast.expr) -> ConstantName:
    """The value of a constant expression at module level. Raises KernelError (K017)."""
    value = fold(node, module.position, lambda each: resolve_constant(environment, module, each))
    if value is None:
        message = f"{ast.unparse(node)} is not a constant"
        raise fault("K017", module.position(node), message, "compute it in a plain Python module and import it")
    return value


def resolve_constant(environment: Environment, module: Module, node: ast.expr) -> ConstantName | None:
    """The value of a name, attribute or call that is constant; None if it is not."""
    match node:
        case ast.Name(id=name):
            entity = lookup(environment, module, name, module.position(node))
            return entity if isinstance(entity, ConstantName) else None
        case ast.Attribute():
            return _plain_attribute(environment, module, node)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name.removeprefix("to_") in INTEGERS:
            value = constant_value(environment, module, argument).value
            return ConstantName(INTEGERS[name.removeprefix("to_")].wrap(int(value)))
        case ast.Call(func=ast.Name(id=name)):
            entity = lookup(environment, module, name, module.position(node))
            return language_constant(environment, module, entity, node)
        case _:
            return None


def _plain_attribute(environment: Environment, module: Module, node: ast.Attribute) -> ConstantName | None:
    names = [node.attr]
    base = node.value
    while isinstance(base, ast.Attribute):
        names.append(base.attr)
        base = base.value
    if not isinstance(base, ast.Name) or (base.id not in module.imports and base.id not in module.definitions):
        return None
    entity = lookup(environment, module, base.id, module.position(base))
    if not isinstance(entity, PlainObject):
        return None
    value = entity.value
    for name in reversed(names):
        if not hasattr(value, name):
            raise fault("K003", module.position(node), f"{ast.unparse(node)} does not exist")
        value = getattr(value, name)
    found = constant_entity(value)
    return found if isinstance(found, ConstantName) else None


def language_constant(environment: Environment, module: Module, entity: Entity, node: ast.Call) -> ConstantName | None:
    """``size_of``, ``offset_of``, and ``len`` of something with a constant length."""
    if not isinstance(entity, LanguageName) or node.keywords:
        return None
    match entity.name, node.args:
        case "size_of", [what]:
            return ConstantName(size_bytes(complete_type(environment, module, what)))
        case "offset_of", [struct, ast.Constant(value=str() as path)]:
            what = complete_type(environment, module, struct)
            if not isinstance(what, Embedded):
                raise fault("K010", module.position(node), f"{what} has no fields")
            return ConstantName(field_offset(environment, module.position(node), what.struct, path))
        case "len", [ast.Name(id=name)]:
            what = lookup(environment, module, name, module.position(node))
            if isinstance(what, Global) and isinstance(what.type, ArrayOf):
                return ConstantName(what.type.count)
            if isinstance(what, ConstantName) and hasattr(what.value, "__len__"):
                return ConstantName(len(what.value))
            return None
        case _:
            return None


def complete_type(environment: Environment, module: Module, node: ast.expr) -> StoredType:
    """A type whose size is asked for: a struct name means the struct, not a pointer to it."""
    what = stored_type(environment, module, node)
    if isinstance(what, Pointer):
        ensure_layout(environment, what.struct, module.position(node))
        return Embedded(what.struct)
    return what


def field_offset(environment: Environment, position: Position, struct: StructType, path: str) -> int:
    """The offset in bytes of ``a.b``, a field of an embedded struct. Raises KernelError (K010)."""
    ensure_layout(environment, struct, position)
    what: StoredType = Embedded(struct)
    offset = 0
    for name in path.split("."):
        found = what.struct.field_named(name) if isinstance(what, Embedded) else None
        if found is None:
            raise fault("K010", position, f"{what} has no field {name}")
        offset += found.offset_bytes
        what = found.type
    return offset


# --- Types ----------------------------------------------------------------------------------------


def stored_type(environment: Environment, module: Module, node: ast.expr) -> StoredType:
    """The type that an annotation names. Raises KernelError (K006)."""
    match node:
        case ast.Constant(value=str() as text):
            try:
                inner = ast.parse(text, mode="eval").body
            except SyntaxError:
                raise fault("K006", module.position(node), f"{text!r} is not a type") from None
            return stored_type(environment, module, ast.copy_location(inner, node))
        case ast.Name(id=name):
            entity = lookup(environment, module, name, module.position(node))
            if isinstance(entity, TypeName):
                return entity.type
            if isinstance(entity, StructType):
                return Pointer(entity)
            advice = f"types are {' '.join(SCALARS)} and structs"
            raise fault("K006", module.position(node), f"{name} is not a type", advice)
        case ast.Subscript(value=ast.Name(id=name), slice=inner) if _is_language(environment, module, name):
            return _generic_type(environment, module, node, name, inner)
        case _:
            raise fault("K006", module.position(node), f"{ast.unparse(node)} is not a type")


def _is_language(environment: Environment, module: Module, name: str) -> bool:
    entity = module.imports.get(name) and lookup_import(environment, module, name)
    return isinstance(entity, LanguageName) and entity.name in {"Array", "Embed"}


def _generic_type(environment: Environment, module: Module, node: ast.Subscript, name: str, inner: ast.expr) -> StoredType:
    position = module.position(node)
    if name == "Embed":
        what = stored_type(environment, module, inner)
        if not isinstance(what, Pointer):
            raise fault("K006", position, "Embed takes a struct", "other values are in place anyway")
        ensure_layout(environment, what.struct, position)
        return Embedded(what.struct)
    if not isinstance(inner, ast.Tuple) or len(inner.elts) != 2:
        raise fault("K006", position, "Array takes a type and a count")
    count = _count(environment, module, inner.elts[1])
    return ArrayOf(stored_type(environment, module, inner.elts[0]), count)


def scalar_type(environment: Environment, module: Module, node: ast.expr) -> Scalar:
    """The type of a parameter, local or single result. Raises KernelError (K006)."""
    what = stored_type(environment, module, node)
    if isinstance(what, Embedded | ArrayOf):
        raise fault("K006", module.position(node), f"{what} is only for fields and elements", "pass a pointer")
    return what


def result_type(environment: Environment, module: Module, node: ast.expr | None, position: Position) -> ResultType:
    """The type after ``->``. Raises KernelError (K006, K019)."""
    match node:
        case None:
            raise fault("K006", position, "missing result type", "write -> None if there is no result")
        case ast.Constant(value=None):
            return VOID
        case ast.Name(id="NoReturn" | "Never"):
            return NEVER
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=elements)):
            if not 2 <= len(elements) <= MAXIMUM_RESULTS:
                raise fault("K019", position, f"a function returns at most {MAXIMUM_RESULTS} values")
            return TupleOf(tuple(scalar_type(environment, module, each) for each in elements))
        case _:
            return scalar_type(environment, module, node)


def ensure_layout(environment: Environment, struct: StructType, position: Position) -> None:
    """Reads the fields of a struct and lays it out. Raises KernelError (K022) for cycles by value."""
    if struct.laid_out:
        return
    if struct in environment.faulty_structs:
        raise KernelError(None)
    if struct in environment.laying_out:
        raise fault("K022", position, f"{struct} contains itself by value", "hold a pointer to it")
    environment.laying_out.add(struct)
    module, node = environment.struct_nodes[struct]
    try:
        if not (len(node.bases) == 1 and isinstance(node.bases[0], ast.Name) and not node.keywords):
            raise fault("K022", module.position(node), f"{struct} is not a struct", "write class Name(Struct):")
        base = lookup(environment, module, node.bases[0].id, module.position(node))
        if base != LanguageName("Struct") or node.decorator_list:
            raise fault("K022", module.position(node), f"{struct} is not a struct", "derive from Struct only")
        lay_out(struct, _fields(environment, module, node))
    except KernelError:
        environment.faulty_structs.add(struct)
        raise
    finally:
        environment.laying_out.discard(struct)


def _fields(environment: Environment, module: Module, node: ast.ClassDef) -> list[tuple[str, StoredType]]:
    fields: list[tuple[str, StoredType]] = []
    for statement in node.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=None):
                if any(name == other for other, _ in fields):
                    raise fault("K020", module.position(statement), f"field {name} is defined twice")
                fields.append((name, stored_type(environment, module, annotation)))
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                pass
            case _:
                raise fault("K022", module.position(statement), "a struct holds fields only", "name: type")
    return fields


# --- Storage --------------------------------------------------------------------------------------


def _storage_or_constant(environment: Environment, module: Module, name: str, node: ast.expr) -> Entity:
    match node:
        case ast.Call(func=ast.Name(id=function)) if function in module.imports:
            entity = lookup(environment, module, function, module.position(node))
            if isinstance(entity, LanguageName) and entity.name in STORAGE_NAMES:
                return _storage(environment, module, name, entity.name, node)
        case ast.Name(id=other):
            return lookup(environment, module, other, module.position(node))
        case _:
            pass
    return constant_value(environment, module, node)


def _storage(environment: Environment, module: Module, name: str, what: str, node: ast.Call) -> Global:
    position = module.position(node)
    symbol = f"{module.name}:{name}"
    for keyword in node.keywords:
        if keyword.arg != "symbol_name" or not isinstance(keyword.value, ast.Constant):
            raise fault("K011", position, f"{what} has no argument {keyword.arg}")
        symbol = str(keyword.value.value)
    values: tuple[int | float, ...] | None = None
    match what, node.args:
        case (("global_struct" | "thread_struct"), [struct]):
            stored = complete_type(environment, module, struct)
        case "global_value", [scalar]:
            stored = scalar_type(environment, module, scalar)
        case "global_array", [element, count]:
            stored = ArrayOf(stored_type(environment, module, element), _count(environment, module, count))
        case "const_table", [element, items]:
            scalar_element = scalar_type(environment, module, element)
            values = _table_values(environment, module, scalar_element, items)
            stored = ArrayOf(scalar_element, len(values))
        case "extern_global", [ast.Constant(value=str() as symbol), struct_or_scalar]:
            stored = complete_type(environment, module, struct_or_scalar)
        case _:
            raise fault("K011", position, f"wrong arguments of {what}")
    if what in {"global_struct", "thread_struct"} and not isinstance(stored, Embedded):
        raise fault("K006", position, f"{stored} is not a struct", "use global_value or global_array")
    if what != "extern_global":
        define_symbol(environment, symbol, position)
    if what == "thread_struct":
        _define_thread_struct(environment, position)
    return Global(module.name, name, symbol, stored, values, what == "extern_global", what == "thread_struct")


def _define_thread_struct(environment: Environment, position: Position) -> None:
    """Records the program's thread struct. Raises KernelError (K020) if there is another: %gs has one base."""
    first = environment.thread_struct
    if first is not None and first != position:
        raise fault("K020", position, "a program has one thread_struct", f"the other one is at {first}")
    environment.thread_struct = position


def _count(environment: Environment, module: Module, node: ast.expr) -> int:
    count = constant_value(environment, module, node).value
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise fault("K006", module.position(node), "the count is an integer from 0")
    return count


def _table_values(environment: Environment, module: Module, element: Scalar, node: ast.expr) -> tuple[int | float, ...]:
    values = constant_value(environment, module, node).value
    if not isinstance(values, tuple | bytes):
        raise fault("K017", module.position(node), "a table is made from a tuple of constants")
    items: list[int | float] = []
    for value in values:  # pyright: ignore[reportUnknownVariableType]
        fits = (
            (
                isinstance(element, Integer)
                and isinstance(value, int)
                and not isinstance(value, bool)
                and element.minimum <= value <= element.maximum
            )
            or (isinstance(element, Float) and isinstance(value, int | float))
            or (isinstance(element, Bool) and isinstance(value, bool))
        )
        if not fits:
            raise fault("K008", module.position(node), f"{value} does not fit {element}")
        items.append(value)  # pyright: ignore[reportUnknownArgumentType]
    return tuple(items)


def define_symbol(environment: Environment, symbol: str, position: Position) -> None:
    """Records that a symbol is defined. Raises KernelError (K020) for a second definition."""
    first = environment.symbols.setdefault(symbol, position)
    if first != position:
        raise fault("K020", position, f"symbol {symbol} is defined twice", f"first at {first}")


# --- Functions ------------------------------------------------------------------------------------


def _function(environment: Environment, module: Module, node: ast.FunctionDef) -> Function:
    position = module.position(node)
    kind, symbol, clobbers = _decorator(environment, module, node)
    arguments = node.args
    odd = arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.defaults
    if odd:
        raise fault("K019", position, "parameters are positional, without defaults")
    parameters: list[tuple[str, Scalar]] = []
    for each in [*arguments.posonlyargs, *arguments.args]:
        if each.annotation is None:
            raise fault("K006", module.position(each), f"parameter {each.arg} has no type")
        parameters.append((each.arg, scalar_type(environment, module, each.annotation)))
    words = sum(not isinstance(what, Float) for _, what in parameters)
    if kind is Kind.SYSTEMSTACK and (words > MAXIMUM_REGISTER_WORDS or len(parameters) - words > 8):
        raise fault("K019", position, f"@systemstack takes at most {MAXIMUM_REGISTER_WORDS} words")
    result = result_type(environment, module, node.returns, position)
    if kind not in DECLARED:
        define_symbol(environment, symbol, position)
    return Function(module.name, node.name, symbol, kind, position, node, tuple(parameters), result, clobbers)


def _decorator(environment: Environment, module: Module, node: ast.FunctionDef) -> tuple[Kind, str, tuple[str, ...]]:
    position = module.position(node)
    advice = f"one of {', '.join('@' + each.value for each in Kind)}"
    if len(node.decorator_list) != 1:
        raise fault("K016", position, f"{node.name} needs exactly one decorator", advice)
    match node.decorator_list[0]:
        case ast.Name(id=name):
            strings: list[str] = []
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
            values = [*arguments, *(each.value for each in keywords if each.arg == "symbol_name")]
            strings = [str(each.value) for each in values if isinstance(each, ast.Constant)]
            if len(strings) != len(arguments) + len(keywords):
                raise fault("K016", position, f"@{name} takes string literals")
        case _:
            raise fault("K016", position, "not a kernel decorator", advice)
    entity = lookup(environment, module, name, position)
    kind = next((each for each in Kind if entity == LanguageName(each.value)), None)
    if kind is None:
        raise fault("K016", position, f"@{name} is not a kernel decorator", advice)
    if kind in SYMBOL_KINDS and not strings:
        raise fault("K016", position, f"@{name} needs a symbol", f'@{name}("symbol")')
    if kind is not Kind.NAKED and len(strings) > 1:
        raise fault("K016", position, f"@{name} takes one symbol")
    default = node.name if kind is Kind.LIBC else f"{module.name}:{node.name}"
    return kind, strings[0] if strings else default, tuple(strings[1:])
